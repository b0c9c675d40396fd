//! Chance as an argument: where random numbers come from, and what is made of them.
//!
//! Owns the trait [`Chance`] and the few shapes that the data room draws (a fraction, an index, a UUID, an order). It holds no
//! generator: the caller passes one in, so that a recorded run can be repeated.

/// A source of random bits.
pub trait Chance {
    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64;
}

impl<F: FnMut() -> u64> Chance for F {
    fn next_u64(&mut self) -> u64 {
        self()
    }
}

/// Draws a fraction, at least 0 and below 1, with the 53 bits that a double holds.
pub fn uniform(chance: &mut dyn Chance) -> f64 {
    (chance.next_u64() >> 11) as f64 * SCALE
}

/// Draws a whole number below `bound`, each equally likely; 0 for a bound of 0.
pub fn uniform_below(chance: &mut dyn Chance, bound: u64) -> u64 {
    // The high half of a 128-bit product; draws in the short first interval are redrawn, so that no value is favoured.
    let threshold = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
    loop {
        let wide = u128::from(chance.next_u64()) * u128::from(bound);
        if wide as u64 >= threshold {
            return (wide >> 64) as u64;
        }
    }
}

/// Draws a version 4 UUID, in lower case with hyphens.
pub fn uuid_v4(chance: &mut dyn Chance) -> String {
    let high = chance.next_u64() & !0xf000 | 0x4000;
    let low = chance.next_u64() & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// Puts the items in a random order, each order equally likely.
pub fn shuffle<T>(items: &mut [T], chance: &mut dyn Chance) {
    for last in (1..items.len()).rev() {
        let chosen = uniform_below(chance, last as u64 + 1) as usize;
        items.swap(last, chosen);
    }
}

/// The generator behind a seed in Step Functions: 48 bits, linear congruential, with the constants of the Java platform.
///
/// The same seed draws the same numbers here and there: `$random(42)` is 0.7275636800328681.
#[derive(Debug, Clone)]
pub(crate) struct Seeded(u64);

impl Seeded {
    /// Starts the sequence that belongs to the seed.
    pub(crate) fn new(seed: i64) -> Self {
        Self((seed as u64 ^ MULTIPLIER) & MASK)
    }

    /// Draws a fraction, at least 0 and below 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        let high = u64::from(self.bits(26));
        ((high << 27) + u64::from(self.bits(27))) as f64 * SCALE
    }

    /// Draws a whole number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        if bound.is_power_of_two() {
            return ((u64::from(bound) * u64::from(self.bits(31))) >> 31) as u32;
        }
        loop {
            let bits = self.bits(31);
            let drawn = bits % bound;
            // The last, incomplete run of the bound is drawn again, so that no value is favoured.
            if u64::from(bits - drawn) + u64::from(bound) <= 1 << 31 {
                return drawn;
            }
        }
    }

    fn bits(&mut self, count: u32) -> u32 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(0xb) & MASK;
        (self.0 >> (48 - count)) as u32
    }
}

const MULTIPLIER: u64 = 0x5_deec_e66d;
const MASK: u64 = (1 << 48) - 1;
const SCALE: f64 = 1.0 / (1u64 << 53) as f64;

#[cfg(test)]
mod tests {
    use super::*;

    /// A fair source for tests: each draw joins two of the seeded generator's.
    fn fair(seed: i64) -> impl FnMut() -> u64 {
        let mut seeded = Seeded::new(seed);
        move || u64::from(seeded.bits(32)) << 32 | u64::from(seeded.bits(32))
    }

    #[test]
    fn a_fraction_is_at_least_zero_and_below_one() {
        assert_eq!(uniform(&mut || 0), 0.0);
        assert!(uniform(&mut || u64::MAX) < 1.0);
    }

    #[test]
    fn a_uuid_carries_its_version_and_variant() {
        assert_eq!(uuid_v4(&mut || 0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid_v4(&mut || u64::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn a_draw_below_a_bound_reaches_every_value_and_no_other() {
        let mut chance = fair(7);
        let mut seeded = Seeded::new(7);
        let mut seen = [0; 6];
        for _ in 0..3000 {
            seen[uniform_below(&mut chance, 3) as usize] += 1;
            seen[3 + seeded.below(3) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (900..1100).contains(count)), "{seen:?}");
        assert_eq!(uniform_below(&mut chance, 0), 0);
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        shuffle(&mut items, &mut fair(1));
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_seed_draws_what_step_functions_draws() {
        assert_eq!(Seeded::new(42).fraction(), 0.7275636800328681);
        assert_eq!(Seeded::new(0).fraction(), 0.730967787376657);
        assert_eq!(Seeded::new(7).fraction(), 0.7306990420600421);
    }
}
