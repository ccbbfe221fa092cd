//! BER-TLV data objects with definite lengths in their shortest form, as cards and the logical data structure write them
//! (ISO/IEC 7816-4 §6.3, ITU-T X.690 §8.1 with §10.1). What is signed as DER is read by the `der` crate; this reader serves
//! files and card answers, whose octets are kept as they came: hashes cover the stored bytes.

use thiserror::Error;

/// A tag as it stands in the bytes: `0x61`, `0x7f49`, `0x5f26`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// Whether its value is a series of data objects (bit 6 of the first octet, X.690 §8.1.2.5).
    pub const fn is_constructed(self) -> bool {
        let first = match self.0 {
            0..=0xff => self.0,
            0x100..=0xffff => self.0 >> 8,
            _ => self.0 >> 16,
        };
        first & 0x20 != 0
    }
}

/// Why bytes are no data object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// They end in the middle of one.
    #[error("the bytes end in the middle of a data object")]
    Truncated,
    /// A tag of more than three octets, or of a longer form than it needs.
    #[error("the tag has a form that is not used")]
    TagForm,
    /// A length without an end, in a form that is not the shortest, or of more than three octets.
    #[error("the length is indefinite or not in its shortest form")]
    LengthForm,
    /// Another object than the one that belongs here.
    #[error("another data object belongs here")]
    Unexpected,
    /// Something stands after the end.
    #[error("something stands after the end")]
    Trailing,
}

/// A data object: borrowed from the bytes it was read from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its tag.
    pub tag: Tag,
    /// The octets of its value.
    pub value: &'a [u8],
    /// Tag, length and value as they came.
    pub whole: &'a [u8],
}

/// The tag and how long it is: what it holds may be of a citizen.
impl std::fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({:#x}, {} octets)", self.tag.0, self.value.len())
    }
}

/// Reads data objects one after the other.
#[derive(Debug, Clone)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins at the first octet.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What was not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The value of the next object, which must have this tag.
    pub fn expect(&mut self, tag: Tag) -> Result<&'a [u8], Fault> {
        self.object(tag).map(|object| object.value)
    }

    /// The next object, which must have this tag.
    pub fn object(&mut self, tag: Tag) -> Result<Object<'a>, Fault> {
        match self.next().ok_or(Fault::Truncated)?? {
            object if object.tag == tag => Ok(object),
            _ => Err(Fault::Unexpected),
        }
    }

    /// The next object if it has this tag; another one is left.
    pub fn optional(&mut self, wanted: Tag) -> Result<Option<Object<'a>>, Fault> {
        if self.0.is_empty() || tag(self.0)?.0 != wanted {
            return Ok(None);
        }
        self.object(wanted).map(Some)
    }

    /// That nothing is left.
    pub const fn finish(&self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::Trailing) }
    }

    fn read(&mut self) -> Result<Object<'a>, Fault> {
        let begun = self.0;
        let (tag, rest) = tag(begun)?;
        let (length, rest) = length(rest)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(Fault::Truncated)?;
        let whole = begun.get(..begun.len().saturating_sub(rest.len())).ok_or(Fault::Truncated)?;
        self.0 = rest;
        Ok(Object { tag, value, whole })
    }
}

/// Ends after the last object, and after the first fault.
impl<'a> Iterator for Reader<'a> {
    type Item = Result<Object<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        Some(self.read().inspect_err(|_| self.0 = &[]))
    }
}

/// The value of the one object that the bytes are, which must have this tag.
pub fn only(bytes: &[u8], tag: Tag) -> Result<&[u8], Fault> {
    let mut reader = Reader::new(bytes);
    let value = reader.expect(tag)?;
    reader.finish()?;
    Ok(value)
}

/// How many octets the object that begins here has in all, tag and length included, when it has this tag: the beginning of
/// a file tells how long the file is.
pub fn announced(bytes: &[u8], expected: Tag) -> Result<usize, Fault> {
    let (tag, rest) = tag(bytes)?;
    if tag != expected {
        return Err(Fault::Unexpected);
    }
    let (length, rest) = length(rest)?;
    Ok(bytes.len().saturating_sub(rest.len()).saturating_add(length))
}

/// Writes one object in its shortest form.
///
/// # Errors
/// [`Fault::LengthForm`] for a value of 16 MiB and more.
pub fn write(into: &mut Vec<u8>, tag: Tag, value: &[u8]) -> Result<(), Fault> {
    let significant = |octets: [u8; 4]| octets.into_iter().skip_while(|octet| *octet == 0);
    let length = u32::try_from(value.len()).ok().filter(|length| *length < 1 << 24).ok_or(Fault::LengthForm)?;
    into.extend(significant(tag.0.to_be_bytes()));
    match u8::try_from(length) {
        Ok(short @ ..=0x7f) => into.push(short),
        Ok(long) => into.extend([0x81, long]),
        Err(_) => {
            into.push(if length < 1 << 16 { 0x82 } else { 0x83 });
            into.extend(significant(length.to_be_bytes()));
        }
    }
    into.extend_from_slice(value);
    Ok(())
}

pub(crate) fn tag(bytes: &[u8]) -> Result<(Tag, &[u8]), Fault> {
    let (&first, rest) = bytes.split_first().ok_or(Fault::Truncated)?;
    if first & 0x1f != 0x1f {
        return Ok((Tag(first.into()), rest));
    }
    let (&second, rest) = rest.split_first().ok_or(Fault::Truncated)?;
    let two = u32::from(first) << 8 | u32::from(second);
    if second & 0x80 == 0 {
        // Numbers below 31 belong into one octet by X.690, and stand in two in interindustry tags such as 5F0E.
        return Ok((Tag(two), rest));
    }
    let (&third, rest) = rest.split_first().ok_or(Fault::Truncated)?;
    if second == 0x80 || third & 0x80 != 0 {
        return Err(Fault::TagForm);
    }
    Ok((Tag(two << 8 | u32::from(third)), rest))
}

fn length(bytes: &[u8]) -> Result<(usize, &[u8]), Fault> {
    let (&first, rest) = bytes.split_first().ok_or(Fault::Truncated)?;
    let count = match first {
        0..=0x7f => return Ok((first.into(), rest)),
        0x81..=0x83 => usize::from(first & 0x7f),
        _ => return Err(Fault::LengthForm),
    };
    let (octets, rest) = rest.split_at_checked(count).ok_or(Fault::Truncated)?;
    let length = octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
    let shortest = length > 0x7f && octets.first() != Some(&0);
    if shortest { Ok((length, rest)) } else { Err(Fault::LengthForm) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn objects(bytes: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
        Reader::new(bytes).map(|object| object.map(|object| (object.tag.0, object.value.to_vec()))).collect()
    }

    #[test]
    fn tags_of_one_to_three_octets_are_read() {
        assert_eq!(objects(&[0x5f, 0x0e, 1, 7]).unwrap(), [(0x5f0e, vec![7])], "a name of data group 11");
        let bytes = [0x61, 1, 7, 0x5f, 0x26, 0, 0x7f, 0x49, 2, 1, 2, 0x9f, 0x85, 0x01, 0];
        let read = objects(&bytes).unwrap();
        assert_eq!(read, [(0x61, vec![7]), (0x5f26, vec![]), (0x7f49, vec![1, 2]), (0x9f_8501, vec![])]);
        assert!(Tag(0x7f49).is_constructed() && Tag(0x61).is_constructed());
        assert!(!Tag(0x5f26).is_constructed() && !Tag(0x80).is_constructed());
    }

    #[test]
    fn what_is_not_the_shortest_form_is_refused() {
        for (bytes, fault) in [
            (&[0x61, 0x80, 0, 0][..], Fault::LengthForm),
            (&[0x61, 0x81, 0x7f], Fault::LengthForm),
            (&[0x61, 0x82, 0x00, 0xff], Fault::LengthForm),
            (&[0x61, 0x84, 0, 0, 0, 1, 0], Fault::LengthForm),
            (&[0x7f, 0x80, 0x01, 0], Fault::TagForm),
            (&[0x7f, 0x81, 0x81, 0x01, 0], Fault::TagForm),
            (&[0x61], Fault::Truncated),
            (&[0x7f], Fault::Truncated),
            (&[0x61, 2, 1], Fault::Truncated),
            (&[0x61, 0x82, 1], Fault::Truncated),
        ] {
            assert_eq!(objects(bytes).unwrap_err(), fault, "{bytes:02x?}");
        }
    }

    #[test]
    fn the_only_object_has_its_tag_and_nothing_after_it() {
        assert_eq!(only(&[0x77, 1, 5], Tag(0x77)), Ok(&[5][..]));
        assert_eq!(only(&[0x77, 1, 5], Tag(0x61)), Err(Fault::Unexpected));
        assert_eq!(only(&[0x77, 1, 5, 0], Tag(0x77)), Err(Fault::Trailing));
        assert_eq!(only(&[], Tag(0x77)), Err(Fault::Truncated));
    }

    #[test]
    fn the_beginning_of_an_object_tells_how_long_it_is() {
        assert_eq!(announced(&[0x61, 5, 1], Tag(0x61)), Ok(7));
        assert_eq!(announced(&[0x75, 0x83, 1, 0, 0], Tag(0x75)), Ok(65_541));
        assert_eq!(announced(&[0x75, 0x83, 1], Tag(0x75)), Err(Fault::Truncated));
        assert_eq!(announced(&[0x61, 5], Tag(0x75)), Err(Fault::Unexpected));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(number in 0_usize..4, size in 0_usize..70_000) {
            let tag = Tag([0x61, 0x5f26, 0x7f49, 0x9f_8501][number]);
            let value = vec![0xa5; size];
            let mut bytes = Vec::new();
            write(&mut bytes, tag, &value).unwrap();
            prop_assert_eq!(only(&bytes, tag), Ok(&value[..]));
        }

        #[test]
        fn no_bytes_make_the_reader_panic_or_give_more_than_there_is(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let read: usize = Reader::new(&bytes).filter_map(Result::ok).map(|object| object.whole.len()).sum();
            prop_assert!(read <= bytes.len());
        }
    }
}
