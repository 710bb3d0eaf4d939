//! Receive buffers, lent from a per-thread pool only while they hold something.

use std::cell::RefCell;

/// How many free buffers a thread keeps; more are given back to the system.
const FREE_MAX: usize = 256;

/// Fixed-size buffers of one thread.
#[derive(Debug)]
pub struct BufferPool {
    free: RefCell<Vec<Box<[u8]>>>,
    size: usize,
}

impl BufferPool {
    /// A pool of buffers of `size` bytes (`tune.bufsize`).
    pub fn new(size: usize) -> Self {
        BufferPool { free: RefCell::new(Vec::new()), size }
    }

    /// Size of each buffer.
    pub fn size(&self) -> usize {
        self.size
    }

    fn take(&self) -> Box<[u8]> {
        match self.free.borrow_mut().pop() {
            Some(buffer) => buffer,
            None => vec![0; self.size].into_boxed_slice(),
        }
    }

    fn give(&self, buffer: Box<[u8]>) {
        let mut free = self.free.borrow_mut();
        if free.len() < FREE_MAX && buffer.len() == self.size {
            free.push(buffer);
        }
    }
}

/// Bytes received and not yet consumed. Holds no memory while empty and released.
#[derive(Debug, Default)]
pub struct Buffer {
    data: Option<Box<[u8]>>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// What is there to read.
    pub fn bytes(&self) -> &[u8] {
        match &self.data {
            Some(data) => &data[self.start..self.end],
            None => &[],
        }
    }

    /// Number of bytes there to read.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// True when nothing is there.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// True when no more can be received before something is consumed.
    pub fn is_full(&self) -> bool {
        self.data.as_ref().is_some_and(|data| self.end - self.start == data.len())
    }

    /// Room to receive into: everything after the bytes that are there, which move to the front when that gives more.
    pub fn room(&mut self, pool: &BufferPool) -> &mut [u8] {
        let data = self.data.get_or_insert_with(|| pool.take());
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && data.len() - self.end < data.len() / 2 {
            data.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut data[self.end..]
    }

    /// Says that `n` bytes were received into the room.
    pub fn filled(&mut self, n: usize) {
        self.end += n;
    }

    /// Forgets the first `n` bytes.
    pub fn consume(&mut self, n: usize) {
        self.start += n;
        debug_assert!(self.start <= self.end);
    }

    /// Puts bytes before those that are there (bytes read too early by another reader).
    pub fn unread(&mut self, pool: &BufferPool, bytes: &[u8]) {
        let mut all = bytes.to_vec();
        all.extend_from_slice(self.bytes());
        let data = self.data.get_or_insert_with(|| pool.take());
        let n = all.len().min(data.len());
        data[..n].copy_from_slice(&all[..n]);
        self.start = 0;
        self.end = n;
    }

    /// Gives the memory back when nothing is in it.
    pub fn release(&mut self, pool: &BufferPool) {
        if self.start == self.end
            && let Some(data) = self.data.take()
        {
            pool.give(data);
            self.start = 0;
            self.end = 0;
        }
    }

    /// Forgets everything and gives the memory back.
    pub fn discard(&mut self, pool: &BufferPool) {
        self.start = self.end;
        self.release(pool);
    }

    /// Changes to a larger buffer of another pool, keeping what is there; for long bodies.
    pub fn grow(&mut self, from: &BufferPool, to: &BufferPool) {
        let Some(old) = self.data.take() else {
            self.data = Some(to.take());
            self.start = 0;
            self.end = 0;
            return;
        };
        if old.len() >= to.size() {
            self.data = Some(old);
            return;
        }
        let mut new = to.take();
        let n = self.end - self.start;
        new[..n].copy_from_slice(&old[self.start..self.end]);
        from.give(old);
        self.data = Some(new);
        self.start = 0;
        self.end = n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_memory_only_while_in_use() {
        let pool = BufferPool::new(16);
        let mut buffer = Buffer::default();
        buffer.room(&pool)[..4].copy_from_slice(b"abcd");
        buffer.filled(4);
        buffer.consume(2);
        assert_eq!(buffer.bytes(), b"cd");
        buffer.release(&pool);
        assert!(buffer.data.is_some());
        buffer.consume(2);
        buffer.release(&pool);
        assert!(buffer.data.is_none());
        assert_eq!(pool.free.borrow().len(), 1);
    }

    #[test]
    fn room_moves_what_is_left_to_the_front() {
        let pool = BufferPool::new(8);
        let mut buffer = Buffer::default();
        buffer.room(&pool).copy_from_slice(b"abcdefgh");
        buffer.filled(8);
        assert!(buffer.is_full());
        buffer.consume(6);
        assert_eq!(buffer.room(&pool).len(), 6);
        assert_eq!(buffer.bytes(), b"gh");
    }

    #[test]
    fn grow_keeps_the_bytes() {
        let small = BufferPool::new(4);
        let large = BufferPool::new(32);
        let mut buffer = Buffer::default();
        buffer.room(&small).copy_from_slice(b"wxyz");
        buffer.filled(4);
        buffer.consume(1);
        buffer.grow(&small, &large);
        assert_eq!(buffer.bytes(), b"xyz");
        assert_eq!(buffer.room(&large).len(), 29);
    }
}
