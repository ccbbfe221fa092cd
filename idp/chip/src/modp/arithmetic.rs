//! Powers modulo p: in constant time, but for what says so, on the Montgomery forms of `crypto-bigint`, which also carry the
//! curves and RSA of this crate. How long an exponent is depends on the group alone.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{NonZero, Odd, U256, Uint, Word};
use zeroize::{Zeroize, Zeroizing};

use super::domain::Domain;

/// The longest order is as long as this.
const ORDER: usize = U256::LIMBS;

/// Modulo an odd number: every p and every q of the table is a prime.
fn modulo<const L: usize>(modulus: &[u8]) -> Option<FixedMontyParams<L>> {
    Some(FixedMontyParams::new_vartime(Odd::new(number(modulus)).into_option()?))
}

/// Whether 1 < y < p − 1 and y is of order q (NIST SP 800-56A §5.6.2.3.1). It is public: in variable time.
pub(super) fn has<const L: usize>(domain: &Domain, y: &[u8]) -> bool {
    let is_of_order = |p: FixedMontyParams<L>| {
        let y = number::<L>(y);
        let last = p.modulus().as_ref().wrapping_sub(&Uint::ONE);
        let in_range = y > Uint::ONE && y < last;
        in_range && FixedMontyForm::new(&y, &p).pow_vartime(&number::<ORDER>(domain.q)) == FixedMontyForm::one(&p)
    };
    modulo(domain.p).is_some_and(is_of_order)
}

/// base to the exponent, which is below the order.
pub(super) fn power<const L: usize>(domain: &Domain, base: &[u8], exponent: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let p = modulo::<L>(domain.p)?;
    let mut exponent = number::<ORDER>(exponent);
    let power = FixedMontyForm::new(&number(base), &p).pow_bounded_exp(&exponent, bits(domain.q));
    exponent.zeroize();
    octets_of(power, &p)
}

/// g to the nonce, times what is shared. A nonce is as long as its cipher has it: shorter than any p.
pub(super) fn generic<const L: usize>(domain: &Domain, shared: &[u8], nonce: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let p = modulo::<L>(domain.p)?;
    let mut exponent = number::<L>(nonce);
    let power = FixedMontyForm::new(&number(domain.g), &p).pow_bounded_exp(&exponent, bits(nonce));
    exponent.zeroize();
    octets_of(power.mul(&FixedMontyForm::new(&number(shared), &p)), &p)
}

/// The string modulo p, to (p − 1)/q.
pub(super) fn integrated<const L: usize>(domain: &Domain, string: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let p = modulo::<L>(domain.p)?;
    let (cofactor, _) = p.modulus().as_ref().div_rem_vartime(&NonZero::new(number::<L>(domain.q)).into_option()?);
    let mut base = remainder(string, &p);
    // The exponent is of the table, and only what it is raised from is a secret.
    let power = base.pow_vartime(&cofactor);
    base.zeroize();
    octets_of(power, &p)
}

/// What is left of octets modulo q, as long as q.
pub(super) fn reduced(domain: &Domain, octets: &[u8]) -> Vec<u8> {
    let Some(q) = modulo::<ORDER>(domain.q) else { return Vec::new() };
    let mut form = remainder(octets, &q);
    let whole = written(form.retrieve());
    form.zeroize();
    let surplus = whole.len().saturating_sub(domain.q.len());
    whole.get(surplus..).unwrap_or_default().to_vec()
}

/// By Horner's rule in words of 64 bits: 2⁶⁴ as the square of 2³².
fn remainder<const L: usize>(octets: &[u8], modulus: &FixedMontyParams<L>) -> FixedMontyForm<L> {
    let form = |word| FixedMontyForm::new(&Uint::from_u64(word), modulus);
    let word = form(1 << 32).square();
    octets.rchunks(8).rev().fold(FixedMontyForm::zero(modulus), |sum, chunk| {
        let digit = chunk.iter().fold(0_u64, |digit, octet| digit << 8 | u64::from(*octet));
        sum.mul(&word).add(&form(digit))
    })
}

/// As long as p; none for 0 and 1, from which nothing may be derived.
fn octets_of<const L: usize>(mut form: FixedMontyForm<L>, p: &FixedMontyParams<L>) -> Option<Zeroizing<Vec<u8>>> {
    let is_neutral = form == FixedMontyForm::one(p) || form == FixedMontyForm::zero(p);
    let octets = written(form.retrieve());
    form.zeroize();
    (!is_neutral).then_some(octets)
}

fn written<const L: usize>(mut number: Uint<L>) -> Zeroizing<Vec<u8>> {
    let octets = number.as_words().iter().rev().flat_map(|word| word.to_be_bytes()).collect();
    number.zeroize();
    Zeroizing::new(octets)
}

fn bits(octets: &[u8]) -> u32 {
    u32::try_from(octets.len()).unwrap_or_default().saturating_mul(8)
}

/// The number that big-endian octets write; callers bound their length.
fn number<const L: usize>(octets: &[u8]) -> Uint<L> {
    let mut words = [0; L];
    for (word, octets) in words.iter_mut().zip(octets.rchunks(size_of::<Word>())) {
        *word = octets.iter().fold(0, |word, octet| word << 8 | Word::from(*octet));
    }
    Uint::from_words(words)
}
