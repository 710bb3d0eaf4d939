//! What the allocator keeps of the memory that is free.

/// Larger pieces come from the kernel and go back to it when they are freed; so does the end of the heap.
#[cfg(target_env = "gnu")]
const PIECE: i32 = 65_536;

/// For small processes that live long. One heap for all threads: those that allocate little and seldom need none of
/// their own. Fixed limits: by default the allocator keeps pieces as large as the largest one it ever saw.
#[allow(unsafe_code)]
pub fn keep_small() {
    // SAFETY: mallopt only sets numbers; called before the first thread is made.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, PIECE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, PIECE);
    }
}

/// Gives the pages that the allocator holds without use back to the kernel. For moments after much was freed at once.
#[allow(unsafe_code)]
pub fn trim() {
    // SAFETY: malloc_trim may be called at any time; it only returns pages that nothing lives in.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
