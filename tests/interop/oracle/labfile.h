/* The file under the archive: a CMemFile of the DLL, or a plain CFile (no direct buffer) that logs its calls. */
#ifndef LABFILE_H
#define LABFILE_H
#include "mfclab.h"

typedef struct LabFile {
    void **vtbl; uint8_t base[120]; /* CFile */
    uint8_t *data; size_t len, pos, cap;
    size_t chunk;  /* at most so many bytes a Read, 0: no limit */
    int blocking;  /* says bufferBlocking, as CSocketFile does */
} LabFile;
static int logging = 1;

static unsigned lf_read(LabFile *f, void *p, unsigned n) {
    unsigned want = n;
    size_t left = f->pos < f->len ? f->len - f->pos : 0;
    if (n > left) n = (unsigned)left;
    if (f->chunk && n > f->chunk) n = (unsigned)f->chunk;
    memcpy(p, f->data + f->pos, n);
    f->pos += n;
    if (logging) printf("log Read(%u) -> %u\n", want, n);
    return n;
}
static void lf_write(LabFile *f, const void *p, unsigned n) {
    if (f->pos + n > f->cap) { f->cap = (f->pos + n) * 2; f->data = realloc(f->data, f->cap); }
    memcpy(f->data + f->pos, p, n);
    f->pos += n;
    if (f->pos > f->len) f->len = f->pos;
    if (logging) printf("log Write(%u)\n", n);
}
static uint64_t lf_seek(LabFile *f, int64_t off, unsigned from) {
    if (logging) printf("log Seek(%lld, %u)\n", (long long)off, from);
    f->pos = (size_t)(from == 0 ? off : from == 1 ? (int64_t)f->pos + off : (int64_t)f->len + off);
    return f->pos;
}
static void lf_flush(LabFile *f) { (void)f; if (logging) printf("log Flush()\n"); }
static void lf_close(LabFile *f) { (void)f; if (logging) printf("log Close()\n"); }
static void lf_abort(LabFile *f) { (void)f; if (logging) printf("log Abort()\n"); }
static unsigned lf_getbuf(LabFile *f, unsigned cmd, unsigned n, void **a, void **b) {
    (void)a; (void)b;
    if (logging) printf("log GetBufferPtr(cmd=%u, n=%u)\n", cmd, n);
    return cmd == 3 && f->blocking ? 2u : 0u; /* 3: which ways of buffering; 2: blocking */
}
static void *lf_path(LabFile *f, void *ret) { /* GetFilePath: the archive keeps it for its exceptions */
    (void)f;
#ifdef LAB_ANSI
    CALL(void *, O_STRA_CTOR_N, (void *, const void *, int), ret, "F.bin", 5);
#else
    CALL(void *, O_STRW_CTOR_N, (void *, const void *, int), ret, L"F.bin", 5);
#endif
    return ret;
}

static LabFile *new_labfile(void) {
    LabFile *f = calloc(1, sizeof *f);
    CALL(void *, O_FILE_CTOR, (void *), f);
    void **v = copy_vtbl(f->vtbl, 32);
    override(v, f->vtbl, O_FILE_READ, lf_read, 32);
    override(v, f->vtbl, O_FILE_WRITE, lf_write, 32);
    override(v, f->vtbl, O_FILE_SEEK, lf_seek, 32);
    override(v, f->vtbl, O_FILE_FLUSH, lf_flush, 32);
    override(v, f->vtbl, O_FILE_CLOSE, lf_close, 32);
    override(v, f->vtbl, O_FILE_ABORT, lf_abort, 32);
    override(v, f->vtbl, O_FILE_GETBUFFERPTR, lf_getbuf, 32);
    v[8] = lf_path;
    f->vtbl = v;
    return f;
}

static void *new_memfile(int load, uint8_t *data, size_t len) {
    void *f = blob();
    if (load) CALL(void *, O_MEMFILE_CTOR_BUF, (void *, void *, unsigned, unsigned), f, data, (unsigned)len, 0);
    else CALL(void *, O_MEMFILE_CTOR, (void *, unsigned), f, 1024);
    return f;
}
#endif
