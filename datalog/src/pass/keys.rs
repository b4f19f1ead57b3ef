//! Root keys: the Ed25519 pairs that sign passes.
//!
//! The secret half has no `Debug` and is wiped when it is dropped. Where it is stored is decided elsewhere.

use biscuit_auth::KeyPair;
use biscuit_auth::builder::Algorithm;
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

/// A root key pair and its id.
pub struct RootKeyPair {
    id: u32,
    seed: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl RootKeyPair {
    /// The pair of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(id: u32, seed: [u8; 32]) -> Self {
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Self { id, seed: Zeroizing::new(seed), public }
    }

    /// The id under which the public key is published.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Id and public key, for `RootKeys`.
    pub fn public(&self) -> (u32, [u8; 32]) {
        (self.id, self.public)
    }

    /// The secret half, to be sealed.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    pub(crate) fn pair(&self) -> Result<KeyPair, biscuit_auth::error::Format> {
        let private = biscuit_auth::PrivateKey::from_bytes(&*self.seed, Algorithm::Ed25519)?;
        Ok(KeyPair::from(&private))
    }
}
