//! The proof in a device cookie: that a certain user has logged in with this browser before.

use hallpass_core::{DeviceToken, Realm, Subject, ThrottleSecret};
use subtle::ConstantTimeEq;

/// The token that proves a login of `subject` of `realm`.
pub(crate) fn issue(
    secret: &ThrottleSecret,
    realm: &Realm,
    subject: &Subject,
    nonce: [u8; 16],
) -> DeviceToken {
    DeviceToken::new(nonce, secret.device_proof(realm, subject, &nonce))
}

/// Whether `token` was issued for `subject` of `realm`; compared in constant time.
pub(crate) fn is_proven(
    secret: &ThrottleSecret,
    realm: &Realm,
    subject: &Subject,
    token: &DeviceToken,
) -> bool {
    secret.device_proof(realm, subject, token.nonce()).ct_eq(token.proof()).into()
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

        let proof = *token.proof();
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
