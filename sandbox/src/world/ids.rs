//! Ids that look like Stripe's and carry the object's number, so that a lookup
//! needs no table.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEAD: &str = "1Qx";
const TAIL: &str = "Bz8Kq4Tw";
const DIGITS: usize = 7;
const MASK: u64 = (1 << 40) - 1;
const FACTOR: u64 = 0x9E_3779_B97F | 1;
const INVERSE: u64 = inverse(FACTOR);

/// The multiplicative inverse modulo 2^64, by Newton's iteration.
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut round = 0;
    while round < 6 {
        guess = guess.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

/// The id with this prefix (such as `in_`) for a number below 2^40.
pub(crate) fn encode(prefix: &str, number: u64) -> String {
    let mut rest = number.wrapping_mul(FACTOR) & MASK;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(rest % 62).unwrap_or_default()];
        rest /= 62;
    }
    let mut id = String::with_capacity(prefix.len() + HEAD.len() + DIGITS + TAIL.len());
    id.push_str(prefix);
    id.push_str(HEAD);
    id.extend(digits.iter().copied().map(char::from));
    id.push_str(TAIL);
    id
}

/// The number inside an id of this prefix, if it is one of ours.
pub(crate) fn decode(prefix: &str, id: &str) -> Option<u64> {
    let digits = id.strip_prefix(prefix)?.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    if digits.len() != DIGITS {
        return None;
    }
    let mut scrambled = 0u64;
    for byte in digits.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == byte)?;
        scrambled = scrambled * 62 + u64::try_from(value).ok()?;
    }
    (scrambled <= MASK).then(|| scrambled.wrapping_mul(INVERSE) & MASK)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn an_id_gives_its_number_back() {
        for number in [0, 1, 61, 26_999, 999_999, (1 << 40) - 1] {
            assert_eq!(decode("in_", &encode("in_", number)), Some(number));
        }
    }

    #[test]
    fn a_foreign_id_has_no_number() {
        assert_eq!(decode("in_", "in_1Pgc6tB7WZ01zgkWu9fdqL6I"), None);
        assert_eq!(decode("in_", &encode("cus_", 3)), None);
    }
}
