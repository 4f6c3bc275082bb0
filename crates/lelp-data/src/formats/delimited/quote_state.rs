//! Where in a record of RFC 4180 a byte stands.

/// What came before a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteState {
    FieldStart,
    Unquoted,
    Quoted,
    /// A mark inside of a quoted field, which closes it, or is the first of two that stand for one.
    Closed,
}

impl QuoteState {
    /// What comes before the next byte.
    pub(super) fn after(self, byte: u8, delimiter: u8) -> Self {
        match self {
            Self::Quoted if byte == b'"' => Self::Closed,
            Self::FieldStart | Self::Closed if byte == b'"' => Self::Quoted,
            Self::Quoted => Self::Quoted,
            _ if byte == delimiter || byte == b'\n' || byte == b'\r' => Self::FieldStart,
            _ => Self::Unquoted,
        }
    }
}
