//! The photo of a card as the browsers of desks show it: a JPEG as it is, a JPEG 2000 (ICAO 9303-10 §4.7.2, most cards)
//! decoded here and written as PNG.
//!
//! ```text
//!  JPEG ───────────────────────────────────────────────▶ image/jpeg     as the State signed it
//!  JPEG 2000 ─ size? (SIZ) ─▶ decoder, beside requests ─▶ image/png     a decoder without unsafe code
//! ```
//!
//! A JPEG is not written anew: browsers decode it behind walls that this process does not have, and what the agent
//! compares with a face should be what was signed. Why this decoder, and what bounds it: decisions/0031.

use domain::cnie::case::{DeskRefusal, Picture, Shown};
use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use png::{BitDepth, ColorType, Compression, Encoder};
use tokio::sync::Semaphore;

/// The most pixels of a photo: a portrait of 35 × 45 mm at 600 dots an inch has 880 000.
const PIXELS: u64 = 1 << 20;
/// The most tiles that it may be cut into; portraits are one.
const TILES: u64 = 16;

/// Photos that are decoded at once.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A photo that a browser shows.
pub(super) struct Drawn {
    /// PNG or JPEG.
    pub(super) media_type: &'static str,
    /// The file.
    pub(super) file: Vec<u8>,
}

/// Nothing of the holder.
impl std::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Drawn({}, {} octets)", self.media_type, self.file.len())
    }
}

/// Why a photo cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Undrawn {
    /// No size is found where one must be.
    #[error("the photo does not say its size")]
    Size,
    /// It is larger than any portrait, or of more parts.
    #[error("the photo is larger than a portrait")]
    Large,
    /// The decoder refuses it.
    #[error("the photo cannot be decoded")]
    Coding,
    /// It is neither grey nor of three colours.
    #[error("the photo has colours of another kind")]
    Colours,
}

/// The photo of a card, for an agent to look at.
pub(super) async fn drawn(shown: &Shown) -> Result<Drawn, DeskRefusal> {
    let image = shown.image.0.clone();
    match shown.picture {
        Picture::Jpeg => Ok(Drawn { media_type: "image/jpeg", file: image }),
        Picture::Jpeg2000 | Picture::Codestream => {
            let _turn = TURNS.acquire().await.expect("never closed");
            match tokio::task::spawn_blocking(move || png(&image)).await {
                Ok(Ok(file)) => Ok(Drawn { media_type: "image/png", file }),
                Ok(Err(why)) => {
                    tracing::warn!(%why, "a photo cannot be shown");
                    Err(DeskRefusal::NoFace)
                }
                // A decoder that fails on octets of a card fails alone.
                Err(failed) => {
                    tracing::error!(is_panic = failed.is_panic(), "the decoder of photos failed");
                    Err(DeskRefusal::NoFace)
                }
            }
        }
    }
}

/// Decodes JPEG 2000, in its file format or as the codestream alone, and writes PNG.
fn png(image: &[u8]) -> Result<Vec<u8>, Undrawn> {
    bounded(image)?;
    // A photo that ends early is not half a face to be compared with a whole one.
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let image = Image::new(image, &settings).map_err(|_| Undrawn::Coding)?;
    let colours = match (image.color_space(), image.has_alpha()) {
        (ColorSpace::Gray | ColorSpace::Icc { num_channels: 1, .. }, false) => ColorType::Grayscale,
        (ColorSpace::RGB | ColorSpace::Icc { num_channels: 3, .. }, false) => ColorType::Rgb,
        (
            ColorSpace::Gray | ColorSpace::RGB | ColorSpace::Icc { .. } | ColorSpace::CMYK | ColorSpace::Unknown { .. },
            _,
        ) => return Err(Undrawn::Colours),
    };
    let (width, height) = (image.width(), image.height());
    let pixels = usize::try_from(u64::from(width) * u64::from(height)).map_err(|_| Undrawn::Large)?;
    // The decoder finds the size by itself: it is bounded by what it found too.
    if u64::from(width) * u64::from(height) > PIXELS {
        return Err(Undrawn::Large);
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|_| Undrawn::Coding)?;
    let components = decoded.components();
    if components.len() != colours.samples() || components.iter().any(|plane| plane.samples().len() != pixels) {
        return Err(Undrawn::Colours);
    }
    written(&decoded.data_u8(), (width, height), colours)
}

fn written(pixels: &[u8], (width, height): (u32, u32), colours: ColorType) -> Result<Vec<u8>, Undrawn> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(colours);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header().map_err(|_| Undrawn::Size)?;
    writer.write_image_data(pixels).map_err(|_| Undrawn::Size)?;
    writer.finish().map_err(|_| Undrawn::Size)?;
    Ok(file)
}

/// Whether each codestream of a photo is of a size that is worth decoding: asked before anything is decoded.
fn bounded(image: &[u8]) -> Result<(), Undrawn> {
    if image.starts_with(&[0xff, 0x4f]) {
        return Size::of(image).ok_or(Undrawn::Size)?.bounded();
    }
    let mut rest = image;
    let mut is_any = false;
    while !rest.is_empty() {
        let (kind, contents, after) = first_box(rest).ok_or(Undrawn::Size)?;
        if kind == b"jp2c" {
            Size::of(contents).ok_or(Undrawn::Size)?.bounded()?;
            is_any = true;
        }
        rest = after;
    }
    if is_any { Ok(()) } else { Err(Undrawn::Size) }
}

/// The kind and the contents of the first box, and what comes after it (ISO/IEC 15444-1 §I.4).
fn first_box(octets: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, after) = octets.split_first_chunk::<4>()?;
    let (kind, after) = after.split_at_checked(4)?;
    let (head, length) = match u32::from_be_bytes(*length) {
        0 => return Some((kind, after, &[])),
        1 => (16, usize::try_from(u64::from_be_bytes(*after.first_chunk::<8>()?)).ok()?),
        length => (8, usize::try_from(length).ok()?),
    };
    let (whole, after) = octets.split_at_checked(length)?;
    Some((kind, whole.get(head..)?, after))
}

/// The size that a codestream says it has (SIZ, ISO/IEC 15444-1 §A.5.1).
struct Size {
    width: u32,
    height: u32,
    tile_width: u32,
    tile_height: u32,
    components: u16,
}

impl Size {
    fn of(codestream: &[u8]) -> Option<Self> {
        let after = codestream.strip_prefix(&[0xff, 0x4f, 0xff, 0x51])?;
        let number = |at: usize| Some(u32::from_be_bytes(*after.get(at..)?.first_chunk::<4>()?));
        let components = u16::from_be_bytes(*after.get(36..)?.first_chunk::<2>()?);
        // Length and capabilities come first; between the sizes stand the offsets.
        Some(Self {
            width: number(4)?,
            height: number(8)?,
            tile_width: number(20)?,
            tile_height: number(24)?,
            components,
        })
    }

    fn bounded(&self) -> Result<(), Undrawn> {
        if self.tile_width == 0 || self.tile_height == 0 {
            return Err(Undrawn::Size);
        }
        let tiles = |size: u32, tile: u32| u64::from(size.div_ceil(tile));
        let tiles = tiles(self.width, self.tile_width) * tiles(self.height, self.tile_height);
        if u64::from(self.width) * u64::from(self.height) > PIXELS || tiles > TILES {
            return Err(Undrawn::Large);
        }
        if matches!(self.components, 1 | 3) { Ok(()) } else { Err(Undrawn::Colours) }
    }
}

#[cfg(test)]
#[path = "picture/tests.rs"]
mod tests;
