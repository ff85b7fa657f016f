//! A colour for each name, the same in every client that does it this way: XEP-0392, "Consistent
//! Color Generation". Pure.
//!
//! The angle is the first two bytes of the name's SHA-1 (FIPS 180-4), the colour is that angle in
//! `HSLuv` (Boronine, hsluv.org, revision 4) at full saturation.

#![expect(clippy::many_single_char_names, reason = "the letters of the standards' own formulas")]

/// A colour as red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

/// The angle of a name on the wheel of colours, in degrees; the same in any case.
pub(super) fn angle(name: &str) -> f64 {
    let digest = sha1(name.to_lowercase().as_bytes());
    f64::from(u16::from_le_bytes([digest[0], digest[1]])) / 65536.0 * 360.0
}

/// The colour of an angle at a lightness from 0 to 100.
pub(super) fn colour(angle: f64, lightness: f64) -> Rgb {
    let byte = |channel: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to what a byte holds"
        )]
        let byte = (channel.clamp(0.0, 1.0) * 255.0).round() as u8;
        byte
    };
    let (r, g, b) = hsluv(angle, lightness);
    (byte(r), byte(g), byte(b))
}

/// The nearest of the 216 colours in the cube of the 256.
pub(super) fn of_many((r, g, b): Rgb) -> u8 {
    // The cube's steps are 0, 95, 135, 175, 215 and 255.
    let step = |channel: u8| match channel {
        0..=47 => 0,
        48..=114 => 1,
        115..=154 => 2,
        155..=194 => 3,
        195..=234 => 4,
        235..=255 => 5,
    };
    16 + 36 * step(r) + 6 * step(g) + step(b)
}

/// D65, and the limit and slope of the dark end of L*. (hsluv.org)
const REF_U: f64 = 0.197_830_006_642_836_77;
const REF_V: f64 = 0.468_319_994_938_791;
const KAPPA: f64 = 903.296_296_296_296_2;
const EPSILON: f64 = 0.008_856_451_679_035_631;

/// XYZ to linear sRGB.
const M: [[f64; 3]; 3] = [
    [3.240_969_941_904_521, -1.537_383_177_570_093_5, -0.498_610_760_293_003_3],
    [-0.969_243_636_280_879_8, 1.875_967_501_507_720_7, 0.041_555_057_407_175_61],
    [0.055_630_079_696_993_61, -0.203_976_958_888_976_57, 1.056_971_514_242_878_6],
];

fn hsluv(angle: f64, lightness: f64) -> (f64, f64, f64) {
    let hue = angle.to_radians();
    let chroma = most_chroma(lightness, hue);
    let (u, v) = (hue.cos() * chroma, hue.sin() * chroma);
    let var_u = u / (13.0 * lightness) + REF_U;
    let var_v = v / (13.0 * lightness) + REF_V;
    let y = if lightness > 8.0 { ((lightness + 16.0) / 116.0).powi(3) } else { lightness / KAPPA };
    let x = -(9.0 * y * var_u) / ((var_u - 4.0) * var_v - var_u * var_v);
    let z = (9.0 * y - 15.0 * var_v * y - var_v * x) / (3.0 * var_v);
    let channel = |[a, b, c]: [f64; 3]| {
        let linear = a * x + b * y + c * z;
        if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
    };
    (channel(M[0]), channel(M[1]), channel(M[2]))
}

/// How colourful this hue can be at this lightness: the nearest edge of what a screen can show.
fn most_chroma(lightness: f64, hue: f64) -> f64 {
    let sub = (lightness + 16.0).powi(3) / 1_560_896.0;
    let sub = if sub > EPSILON { sub } else { lightness / KAPPA };
    let mut most = f64::MAX;
    for [a, b, c] in M {
        for edge in [0.0, 1.0] {
            let top1 = (284_517.0 * a - 94_839.0 * c) * sub;
            let top2 = (838_422.0 * c + 769_860.0 * b + 731_718.0 * a) * lightness * sub
                - 769_860.0 * edge * lightness;
            let bottom = (632_260.0 * c - 126_452.0 * b) * sub + 126_452.0 * edge;
            let (slope, intercept) = (top1 / bottom, top2 / bottom);
            let length = intercept / (hue.sin() - slope * hue.cos());
            if length >= 0.0 {
                most = most.min(length);
            }
        }
    }
    most
}

/// FIPS 180-4, for names: nothing here is secret, and nothing rests on it but a colour.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - message.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let end = padded.len() - 8;
    let bits = (message.len() as u64) * 8;
    padded[end..].copy_from_slice(&bits.to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for at in 16..80 {
            let mixed = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
            words[at] = mixed.rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (f, k) = match at {
                0..=19 => ((b & c) | (!b & d), 0x5a82_7999),
                20..=39 => (b ^ c ^ d, 0x6ed9_eba1),
                40..=59 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e);
            let next = next.wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (whole, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *whole = whole.wrapping_add(part);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    #[test]
    fn sha1_is_the_published_one() {
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&sha1(b"")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(hex(&sha1(long)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    }

    /// The vectors of XEP-0392, section 13.
    #[test]
    fn the_colours_are_the_standards() {
        for (name, degrees, (r, g, b)) in [
            ("Romeo", 327.255_249, (0.865, 0.000, 0.686)),
            ("juliet@capulet.lit", 209.410_400, (0.000, 0.515, 0.573)),
            ("😺", 331.199_341, (0.872, 0.000, 0.659)),
            ("council", 359.994_507, (0.918, 0.000, 0.394)),
        ] {
            // The standard does not fold the case.
            let digest = sha1(name.as_bytes());
            let found = f64::from(u16::from_le_bytes([digest[0], digest[1]])) / 65536.0 * 360.0;
            assert!((found - degrees).abs() < 1e-5, "{name} {found}");
            let channels = hsluv(found, 50.0);
            for (found, wanted) in [(channels.0, r), (channels.1, g), (channels.2, b)] {
                assert!((found - wanted).abs() < 0.001, "{name} {channels:?}");
            }
        }
        assert!((angle("NEO") - angle("neo")).abs() < f64::EPSILON);
    }

    #[test]
    fn colours_come_near_in_the_cube() {
        assert_eq!(of_many((255, 0, 0)), 196);
        assert_eq!(of_many((0, 95, 135)), 24);
        assert_eq!(of_many((255, 255, 255)), 231);
    }
}
