//! What the allocator keeps of the memory that is free.

/// One heap for all threads. For processes whose further threads allocate little and seldom: a heap of their own would
/// cost more than waiting for each other.
#[allow(unsafe_code)]
pub fn one_heap() {
    // SAFETY: mallopt only sets a number; called before the first thread is made.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
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
