use chip::lds::ImageFormat;
use domain::cnie::transaction::Octets;
use domain::identity::pivot::{Birthdate, Gender};

use super::*;

/// 48 × 64 in three colours, lossy, in the file format; and grey, the codestream alone. Both by another implementation.
const COLOUR: &[u8] = include_bytes!("colour.jp2");
const GREY: &[u8] = include_bytes!("grey.j2k");

fn shown(format: ImageFormat, image: &[u8]) -> Shown {
    Shown {
        surname: "DUBOIS".to_owned(),
        given_names: "ANGELA".to_owned(),
        birthdate: Birthdate::parse("1962-08-24").expect("a day"),
        gender: Gender::Female,
        birthplace: None,
        picture: Picture::of(format),
        image: Octets(image.to_vec()),
    }
}

fn decoded(file: &[u8]) -> (png::OutputInfo, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
    let info = reader.next_frame(&mut pixels).expect("whole");
    (info, pixels)
}

/// `image` with four octets of its codestream's SIZ in another way.
fn resized(image: &[u8], at: usize, value: u32) -> Vec<u8> {
    let start = image.windows(4).position(|four| four == [0xff, 0x4f, 0xff, 0x51]).expect("a codestream") + 4 + at;
    [&image[..start], &value.to_be_bytes(), &image[start + 4..]].concat()
}

#[tokio::test]
async fn a_photo_in_jpeg_2000_is_shown_as_png_and_a_jpeg_as_it_is() {
    for (format, image, colours) in
        [(ImageFormat::Jpeg2000, COLOUR, ColorType::Rgb), (ImageFormat::Codestream, GREY, ColorType::Grayscale)]
    {
        let drawn = drawn(&shown(format, image)).await.expect("a portrait");
        assert_eq!(drawn.media_type, "image/png");
        let (info, pixels) = decoded(&drawn.file);
        assert_eq!((info.width, info.height, info.color_type), (48, 64, colours));
        let (darkest, lightest) = (pixels.iter().min(), pixels.iter().max());
        assert!(darkest < Some(&100) && lightest > Some(&150), "a face, not a sheet: {darkest:?} {lightest:?}");
    }
    let jpeg = [0xff, 0xd8, 0xff, 0xe0];
    let drawn = drawn(&shown(ImageFormat::Jpeg, &jpeg)).await.expect("not looked into");
    assert_eq!((drawn.media_type, drawn.file.as_slice()), ("image/jpeg", jpeg.as_slice()));
}

#[tokio::test]
async fn a_photo_that_cannot_be_decoded_is_refused_as_no_face() {
    let cut = &COLOUR[..COLOUR.len() / 2];
    let refused = drawn(&shown(ImageFormat::Jpeg2000, cut)).await.map(|drawn| drawn.file.len());
    assert_eq!(refused, Err(DeskRefusal::NoFace));
}

#[test]
fn a_photo_larger_than_a_portrait_is_not_decoded() {
    for image in [COLOUR, GREY] {
        // Of one tile, so that the size alone is too large.
        let one_tile = |at, value| resized(&resized(image, at, value), at + 16, value);
        assert_eq!(png(&one_tile(4, 1 << 15)), Err(Undrawn::Large), "width");
        assert_eq!(png(&one_tile(8, u32::MAX)), Err(Undrawn::Large), "height");
        assert_eq!(png(&resized(image, 20, 1)), Err(Undrawn::Large), "tiles one pixel wide");
        assert_eq!(png(&resized(image, 24, 0)), Err(Undrawn::Size), "no tiles");
        // Number of components, and what follows it.
        assert_eq!(png(&resized(image, 36, 0x0004_0701)), Err(Undrawn::Colours));
    }
    assert_eq!(png(b""), Err(Undrawn::Size));
    let [first, rest] = [&COLOUR[..12], &COLOUR[12..]];
    assert_eq!(png(first), Err(Undrawn::Size), "a file without a codestream");
    // A second codestream, which some readers take, is bounded as the first.
    let large = resized(GREY, 4, 1 << 20);
    let length = u32::try_from(large.len() + 8).expect("small").to_be_bytes();
    let boxed = [length.as_slice(), b"jp2c", &large].concat();
    assert_eq!(png(&[first, &boxed, rest].concat()), Err(Undrawn::Large));
}

#[test]
fn a_photo_that_ends_early_is_never_half_a_face() {
    for image in [COLOUR, GREY] {
        assert!(png(image).is_ok());
        for length in 0..image.len() {
            assert!(png(&image[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn no_octet_of_a_photo_makes_the_decoder_panic() {
    for image in [COLOUR, GREY] {
        for at in 0..image.len() {
            for flipped in [0x01, 0x80, 0xff] {
                let mut other = image.to_vec();
                other[at] ^= flipped;
                if let Ok(file) = png(&other) {
                    let (info, _) = decoded(&file);
                    assert!(u64::from(info.width) * u64::from(info.height) <= PIXELS);
                }
            }
        }
    }
}
