//! The end of what a program writes.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The last bytes of a stream.
#[derive(Debug)]
pub(super) struct Tail {
    keep: usize,
    bytes: VecDeque<u8>,
    /// The number of bytes that came before.
    pub(super) dropped: u64,
}

impl Tail {
    pub(super) fn new(keep: usize) -> Self {
        Self {
            keep,
            bytes: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Reads a stream to its end.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. The bytes that were read before the future is dropped are kept.
    pub(super) async fn read(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else {
            return;
        };
        let mut buffer = vec![0; 8 << 10];
        // A stream that cannot be read any more has ended.
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            self.push(&buffer[..count]);
        }
    }

    fn push(&mut self, new: &[u8]) {
        self.bytes.extend(new);
        let too_many = self.bytes.len().saturating_sub(self.keep);
        self.bytes.drain(..too_many);
        self.dropped += too_many as u64;
    }

    /// Returns the bytes as text. Those that are not valid UTF-8 are replaced.
    pub(super) fn text(mut self) -> String {
        String::from_utf8_lossy(self.bytes.make_contiguous()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tail(written: &[u8], keep: usize) -> Tail {
        let mut tail = Tail::new(keep);
        tail.read(Some(written)).await;
        tail
    }

    #[tokio::test]
    async fn only_the_end_is_kept() {
        let kept = tail(b"0123456789", 4).await;
        assert_eq!(kept.dropped, 6);
        assert_eq!(kept.text(), "6789");
    }

    #[tokio::test]
    async fn half_a_character_is_replaced() {
        let kept = tail("aé".as_bytes(), 1).await;
        assert_eq!(kept.text(), "\u{fffd}");
    }
}
