//! The signature of a webhook: HMAC-SHA256 over the time and the very bytes of the body, keyed with the whole secret, `whsec_`
//! included. Facts: docs.stripe.com/webhooks.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A delivery may be so far from our time, either way, seconds.
const TOLERANCE_SECONDS: i64 = 300;
/// Signatures that one header may hold; Stripe sends one for each secret that is good.
const MOST_SIGNATURES: usize = 16;
/// Bytes of a header.
const LONGEST: usize = 4096;

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is missing its time or its signatures, or has too many.
    #[error("the Stripe-Signature header is not one")]
    Malformed,
    /// It was signed too long ago, or in the future.
    #[error("the signature is not of this time")]
    OutOfTime,
    /// No signature fits the body.
    #[error("no signature fits")]
    Unfit,
}

/// Proves that `body` was signed with one of `secrets`. `now` in Unix seconds.
pub fn verify(header: &str, body: &[u8], secrets: &[SecretString], now: i64) -> Result<(), SignatureError> {
    let (sent_at, signatures) = read(header)?;
    let sent: i64 = sent_at.parse().map_err(|_digits| SignatureError::Malformed)?;
    if now.saturating_sub(sent).saturating_abs() > TOLERANCE_SECONDS {
        return Err(SignatureError::OutOfTime);
    }
    let mut fits = false;
    for secret in secrets {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            .map_err(|_length| SignatureError::Unfit)?;
        mac.update(sent_at.as_bytes());
        mac.update(b".");
        mac.update(body);
        for signature in &signatures {
            // Compares in constant time; all are tried, so that nothing tells which one fitted.
            fits |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    if fits { Ok(()) } else { Err(SignatureError::Unfit) }
}

/// The time as it was signed, and the signatures of the only scheme that counts.
fn read(header: &str) -> Result<(&str, Vec<Vec<u8>>), SignatureError> {
    if header.len() > LONGEST {
        return Err(SignatureError::Malformed);
    }
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let sent_at = parts().find(|(name, _)| *name == "t").map(|(_, value)| value);
    let signed = parts().filter(|(name, _)| *name == "v1");
    let signatures: Vec<Vec<u8>> = signed.filter_map(|(_, value)| hex::decode(value).ok()).collect();
    match sent_at {
        Some(sent_at) if (1..=MOST_SIGNATURES).contains(&signatures.len()) => Ok((sent_at, signatures)),
        _ => Err(SignatureError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"{\n  \"id\": \"evt_1\"\n}";
    const NOW: i64 = 1_795_435_200;

    fn signed(secret: &str, at: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{at}.").as_bytes());
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    #[test]
    fn what_is_believed_and_what_not() {
        let good = signed("whsec_a", NOW, BODY);
        let old = signed("whsec_b", NOW, BODY);
        let other = signed("whsec_c", NOW, BODY);
        let many = vec![format!("v1={other}"); MOST_SIGNATURES + 1].join(",");
        let both = secrets(&["whsec_a", "whsec_b"]);
        for (shows, header, verdict) in [
            ("signed with the secret", format!("t={NOW},v1={good}"), Ok(())),
            ("signed with the one before", format!("t={NOW},v1={old}"), Ok(())),
            ("one of several", format!("t={NOW},v1={other},v1={good}"), Ok(())),
            ("beside a decoy", format!("t={NOW},v1={good},v0=abc"), Ok(())),
            ("spaces", format!(" t={NOW}, v1={good}"), Ok(())),
            (
                "another secret",
                format!("t={NOW},v1={other}"),
                Err(SignatureError::Unfit),
            ),
            (
                "another time",
                format!("t={},v1={good}", NOW + 1),
                Err(SignatureError::Unfit),
            ),
            (
                "the decoy alone",
                format!("t={NOW},v0={good}"),
                Err(SignatureError::Malformed),
            ),
            ("no time", format!("v1={good}"), Err(SignatureError::Malformed)),
            ("no signature", format!("t={NOW}"), Err(SignatureError::Malformed)),
            ("no number", format!("t=now,v1={good}"), Err(SignatureError::Malformed)),
            ("no hex", format!("t={NOW},v1=zz"), Err(SignatureError::Malformed)),
            ("empty", String::new(), Err(SignatureError::Malformed)),
            ("too many", format!("t={NOW},{many}"), Err(SignatureError::Malformed)),
            (
                "half",
                format!("t={NOW},v1={}", &good[..32]),
                Err(SignatureError::Unfit),
            ),
        ] {
            assert_eq!(verify(&header, BODY, &both, NOW), verdict, "{shows}");
        }
    }

    #[test]
    fn five_minutes_either_way() {
        for (off, is_good) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            let header = format!("t={},v1={}", NOW + off, signed("whsec_a", NOW + off, BODY));
            let verdict = verify(&header, BODY, &secrets(&["whsec_a"]), NOW);
            assert_eq!(verdict.is_ok(), is_good, "{off} seconds");
        }
    }

    #[test]
    fn the_very_bytes_count() {
        let header = format!("t={NOW},v1={}", signed("whsec_a", NOW, BODY));
        let respelled = br#"{"id":"evt_1"}"#;
        assert_eq!(
            verify(&header, respelled, &secrets(&["whsec_a"]), NOW),
            Err(SignatureError::Unfit)
        );
        assert_eq!(verify(&header, BODY, &[], NOW), Err(SignatureError::Unfit));
    }
}
