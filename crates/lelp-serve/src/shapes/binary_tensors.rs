//! The binary tensor extension of the Open Inference Protocol: tensors behind the JSON of a body, little-endian, without
//! gaps; each element of `BYTES` behind its length in four bytes.

use axum::body::Bytes;

use crate::refusal::{Refusal, RefusalKind};

/// Splits a body into its JSON and the tensors behind it; `header` is what `Inference-Header-Content-Length` says.
pub(crate) fn split(body: &Bytes, header: Option<&str>) -> Result<(Bytes, Bytes), Refusal> {
    let Some(header) = header else { return Ok((body.clone(), Bytes::new())) };
    let length = header.parse::<usize>().ok().filter(|length| *length <= body.len());
    let length = length.ok_or_else(|| {
        let message =
            format!("Inference-Header-Content-Length is {header}, but the body has {} bytes", body.len());
        malformed(message)
    })?;
    Ok((body.slice(..length), body.slice(length..)))
}

/// Takes the next `length` bytes of the tensors.
pub(crate) fn take(tensors: &mut Bytes, name: &str, length: usize) -> Result<Bytes, Refusal> {
    if length > tensors.len() {
        let message = format!(
            "input `{name}` has {length} bytes of binary data, but {} are left in the body",
            tensors.len()
        );
        return Err(malformed(message));
    }
    Ok(tensors.split_to(length))
}

/// Elements of a `BYTES` tensor, as UTF-8.
pub(crate) fn strings(mut bytes: &[u8], name: &str, count: usize) -> Result<Vec<String>, Refusal> {
    let mut strings = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let row = strings.len();
        let Some((text, rest)) = rest.split_at_checked(length) else {
            let left = rest.len();
            return Err(malformed(format!(
                "element {row} of `{name}` has {length} bytes, but {left} are left"
            )));
        };
        let text = std::str::from_utf8(text)
            .map_err(|error| malformed(format!("element {row} of `{name}` is no UTF-8: {error}")))?;
        strings.push(text.to_owned());
        bytes = rest;
    }
    if !bytes.is_empty() || strings.len() != count {
        let found = strings.len();
        return Err(malformed(format!("`{name}` has {found} whole elements, but its shape says {count}")));
    }
    Ok(strings)
}

/// Elements of a tensor of numbers of `N` bytes each.
pub(crate) fn numbers<const N: usize>(
    bytes: &[u8],
    name: &str,
    count: usize,
    read: impl Fn([u8; N]) -> f64,
) -> Result<Vec<f64>, Refusal> {
    let (elements, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() || elements.len() != count {
        let found = bytes.len();
        return Err(malformed(format!(
            "`{name}` has {found} bytes, but its shape and type say {}",
            count * N
        )));
    }
    Ok(elements.iter().map(|element| read(*element)).collect())
}

/// Appends a string as an element of a `BYTES` tensor.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("names of classes are far shorter");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn malformed(message: String) -> Refusal {
    Refusal::new(RefusalKind::Malformed, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_were_written() {
        let mut bytes = Vec::new();
        for text in ["", "a", "na\u{ef}ve"] {
            push_string(&mut bytes, text);
        }
        assert_eq!(strings(&bytes, "text", 3).unwrap(), ["", "a", "na\u{ef}ve"]);
        for end in 0..bytes.len() {
            assert!(strings(&bytes[..end], "text", 3).is_err(), "{end}");
        }
        assert!(strings(&[255, 255, 255, 255, 1], "text", 1).is_err());
        assert!(strings(&[1, 0, 0, 0, 0xff], "text", 1).is_err());
    }

    #[test]
    fn a_header_longer_than_the_body_is_refused() {
        let body = Bytes::from_static(b"{}abcd");
        let (json, tensors) = split(&body, Some("2")).unwrap();
        assert_eq!((json.as_ref(), tensors.as_ref()), (b"{}".as_slice(), b"abcd".as_slice()));
        for header in ["7", "-1", "18446744073709551616", "two"] {
            assert!(split(&body, Some(header)).is_err(), "{header}");
        }
        assert!(take(&mut tensors.clone(), "text", 5).is_err());
        assert!(numbers(&tensors, "clicks", 1, f64::from_le_bytes).is_err());
    }
}
