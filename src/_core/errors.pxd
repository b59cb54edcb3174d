# cython: language_level=3
"""What sibling rooms may call of `errors`."""

# --- archives and files: one raiser per family; none returns normally ----------------------------------

# cause: CArchiveException's; file_name: str; offset: int or None; wanted, found: str or None
cdef int raise_archive(int cause, object file_name, object offset, object wanted, object found) except -1
# limit: its name; allowed: its value; found: what the stream asked for
cdef int raise_limit(object limit, object allowed, object found, object file_name, object offset) except -1
cdef int raise_need_more(object missing, object offset) except -1
# cause: CFileException's; os_error: -1 if none; operation: what was tried, for example "seek in"
cdef int raise_file(int cause, long long os_error, object file_name, object operation) except -1
cdef int raise_not_supported(object text) except -1
cdef int raise_memory(object text) except -1
cdef int raise_invalid_arg(object text) except -1
