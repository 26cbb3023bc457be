//! Ids that look like Stripe's and carry the object's number, so that a lookup
//! needs no table.

use super::random::pick;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// What stands before and after an id's digits; the number decides which, so
/// that lengths vary as they do in accounts of some age.
const FRAMES: [(&str, &str); 4] = [
    ("1Qx", "Bz8Kq4TwLm0pRd"),
    ("", "Kq4Tw2s"),
    ("1Qx", "Bz8Kq4TwLm0pRdXe"),
    ("test_61", "Bz8Kq4TwLm0pRdXeVb5nYc9hJf3g"),
];
const DIGITS: usize = 7;
const MASK: u64 = (1 << 40) - 1;
const FACTOR: u64 = 0x9E_3779_B97F | 1;
const INVERSE: u64 = inverse(FACTOR);
/// Numbers from here on belong to objects of the account's other mode.
pub(crate) const OTHER_MODE: u64 = 1 << 39;

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

fn frame(number: u64) -> (&'static str, &'static str) {
    *pick(&FRAMES, number >> 1)
}

/// The id with this prefix (such as `in_`) for a number below 2^40.
pub(crate) fn encode(prefix: &str, number: u64) -> String {
    let (head, tail) = frame(number);
    let mut rest = number.wrapping_mul(FACTOR) & MASK;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(rest % 62).unwrap_or_default()];
        rest /= 62;
    }
    let mut id = String::with_capacity(prefix.len() + head.len() + DIGITS + tail.len());
    id.push_str(prefix);
    id.push_str(head);
    id.extend(digits.iter().copied().map(char::from));
    id.push_str(tail);
    id
}

/// The number inside an id of this prefix, if it is one of ours.
pub(crate) fn decode(prefix: &str, id: &str) -> Option<u64> {
    let bare = id.strip_prefix(prefix)?;
    FRAMES.iter().find_map(|(head, tail)| {
        let number = number_of(bare.strip_prefix(head)?.strip_suffix(tail)?)?;
        (frame(number) == (*head, *tail)).then_some(number)
    })
}

fn number_of(digits: &str) -> Option<u64> {
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
        for number in [0, 1, 2, 4, 6, 61, 26_999, 999_999, (1 << 40) - 1] {
            assert_eq!(decode("in_", &encode("in_", number)), Some(number));
        }
    }

    #[test]
    fn a_foreign_id_has_no_number() {
        assert_eq!(decode("in_", "in_1Pgc6tB7WZ01zgkWu9fdqL6I"), None);
        assert_eq!(decode("in_", &encode("cus_", 3)), None);
    }
}
