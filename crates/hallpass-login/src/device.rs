//! The proof in a device cookie: that a certain user has logged in with this browser before.

use hallpass_core::{DeviceToken, Realm, Subject, ThrottleSecret};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The token that proves a login of `subject` of `realm`.
pub(crate) fn issue(
    secret: &ThrottleSecret,
    realm: &Realm,
    subject: &Subject,
    nonce: [u8; 16],
) -> DeviceToken {
    DeviceToken::new(nonce, proof(secret, realm, subject, &nonce).finalize().into_bytes().into())
}

/// Whether `token` was issued for `subject` of `realm`; compared in constant time.
pub(crate) fn is_proven(
    secret: &ThrottleSecret,
    realm: &Realm,
    subject: &Subject,
    token: &DeviceToken,
) -> bool {
    proof(secret, realm, subject, token.nonce()).verify_slice(token.proof()).is_ok()
}

fn proof(secret: &ThrottleSecret, realm: &Realm, subject: &Subject, nonce: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256>>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(b"hallpass/1/device");
    for part in [realm.as_str().as_bytes(), subject.as_str().as_bytes(), nonce] {
        // Realms, subjects and nonces have at most 255 bytes.
        mac.update(&[part.len() as u8]);
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_secret_realm_subject_and_nonce() {
        let secret = |byte| ThrottleSecret::from_bytes([byte; 32]);
        let realm = |name| Realm::new(name).unwrap();
        let subject = |id| Subject::new(id).unwrap();
        let token = issue(&secret(1), &realm("shop"), &subject("42"), [7; 16]);
        assert!(is_proven(&secret(1), &realm("shop"), &subject("42"), &token));

        let proof: [u8; 32] = token.proof().try_into().unwrap();
        let mut forged = proof;
        forged[31] ^= 1;
        let others = [
            (secret(2), realm("shop"), subject("42"), token.clone()),
            (secret(1), realm("sho"), subject("42"), token.clone()),
            (secret(1), realm("shop4"), subject("2"), token.clone()),
            (secret(1), realm("shop"), subject("43"), token.clone()),
            (secret(1), realm("shop"), subject("42"), DeviceToken::new([8; 16], proof)),
            (secret(1), realm("shop"), subject("42"), DeviceToken::new([7; 16], forged)),
        ];
        for (secret, realm, subject, token) in others {
            assert!(!is_proven(&secret, &realm, &subject, &token), "{realm} {subject}");
        }
    }
}
