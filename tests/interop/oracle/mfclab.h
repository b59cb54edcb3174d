/* Shared plumbing of the oracle: load Microsoft's mfc140u.dll (x64), call its exports by ordinal, and turn
   thrown C++ exceptions into plain data.  Own code; only facts (ordinals, field offsets) come from looking
   at the DLL. */
#ifndef MFCLAB_H
#define MFCLAB_H
#define UNICODE
#define _UNICODE
#include <windows.h>
#include <excpt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef LAB_ANSI
#include "mfcord_ansi.h"
#define LAB_DLL L"mfc140.dll"
#else
#include "mfcord.h"
#define LAB_DLL L"mfc140u.dll"
#endif

static HMODULE g_mfc;

static void die(int code, const char *what, const char *which) {
    fflush(stdout);
    fprintf(stderr, "%s %s\n", what, which);
    fflush(stderr);
    TerminateProcess(GetCurrentProcess(), code);
}

static void *export_of(int ord) {
    void *p = (void *)GetProcAddress(g_mfc, (LPCSTR)(UINT_PTR)ord);
    char t[16];
    if (!p) { snprintf(t, sizeof t, "%d", ord); die(9, "no export", t); }
    return p;
}
/* CALL(ret, ordinal, (argument types), arguments...) */
#define CALL(ret, ord, types, ...) (((ret(*) types)export_of(ord))(__VA_ARGS__))

/* CArchive, x64, release */
typedef struct CArchive {
    void *m_pDocument;        /* 00 */
    int m_bForceFlat;         /* 08 */
    int m_bDirectBuffer;      /* 0c */
    int m_bBlocking;          /* 10 */
    uint32_t m_nObjectSchema; /* 14 */
    wchar_t *m_strFileName;   /* 18 */
    uint32_t m_nMode;         /* 20: bit 0 load, bit 1 noFlushOnDelete, bit 2 noByteSwap */
    int m_bUserBuf;           /* 24 */
    int m_nBufSize;           /* 28 */
    int pad2c;
    void *m_pFile;            /* 30 */
    uint8_t *m_lpBufCur;      /* 38 */
    uint8_t *m_lpBufMax;      /* 40 */
    uint8_t *m_lpBufStart;    /* 48 */
    uint32_t m_nMapCount;     /* 50 */
    int pad54;
    void *m_pMap;             /* 58 */
    void *m_pSchemaMap;       /* 60 */
    uint32_t m_nGrowSize;     /* 68 */
    uint32_t m_nHashSize;     /* 6c */
    uint8_t spare[256];
} CArchive;
enum { AR_LOAD = 1 };

typedef struct CRuntimeClass {
    const char *m_lpszClassName;                      /* 00 */
    int m_nObjectSize;                                /* 08 */
    uint32_t m_wSchema;                               /* 0c */
    void *(*m_pfnCreateObject)(void);                 /* 10 */
    struct CRuntimeClass *(*m_pfnGetBaseClass)(void); /* 18 */
    struct CRuntimeClass *m_pNextClass;               /* 20 */
    const void *m_pClassInit;                         /* 28 */
} CRuntimeClass;

typedef struct { void **vtbl; uint8_t body[2040]; } Blob; /* room for any exported class */
static void *blob(void) { return calloc(1, sizeof(Blob)); }

/* CString is one pointer to the characters; CStringData.nDataLength lies 16 bytes before them */
static int cstr_len(const void *chars) { return *(const int *)((const char *)chars - 16); }

/* ---- exceptions ------------------------------------------------------------------------------------- */
static struct { int hit; DWORD code; char cls[80]; int cause; long oserr; char name[64]; } g_exc;

static const char *class_of(void *obj) {
    CRuntimeClass *c = ((CRuntimeClass * (*)(void *))(*(void ***)obj)[0])(obj);
    return c ? c->m_lpszClassName : "(none)";
}

static void note_exception(void *ex) { /* MFC throws CException* */
    snprintf(g_exc.cls, sizeof g_exc.cls, "%s", class_of(ex));
    int archive = !strcmp(g_exc.cls, "CArchiveException"), file = !strcmp(g_exc.cls, "CFileException");
    if (archive || file || !strcmp(g_exc.cls, "COleException")) g_exc.cause = *(int *)((char *)ex + 0x10);
    if (file) g_exc.oserr = *(long *)((char *)ex + 0x14);
    if (archive) {
#ifdef LAB_ANSI
        const char *w = *(const char **)((char *)ex + 0x18);
#else
        const wchar_t *w = *(const wchar_t **)((char *)ex + 0x18);
#endif
        int i = 0;
        for (; w && w[i] && i < 60; i++) g_exc.name[i] = (char)w[i];
        g_exc.name[i] = 0;
    }
}

LONG lab_filter(EXCEPTION_POINTERS *ep, void *frame) __asm__("lab_filter");
LONG __attribute__((used)) lab_filter(EXCEPTION_POINTERS *ep, void *frame) {
    EXCEPTION_RECORD *r = ep->ExceptionRecord;
    (void)frame;
    g_exc.hit = 1; g_exc.code = r->ExceptionCode; g_exc.cause = -1; g_exc.oserr = 0;
    strcpy(g_exc.cls, "?");
    if (r->ExceptionCode == 0xE06D7363 && r->NumberParameters >= 2 && r->ExceptionInformation[1]) {
        void *ex = *(void **)r->ExceptionInformation[1];
        if (ex) note_exception(ex);
    } else if (r->ExceptionCode == 0xC0000005) strcpy(g_exc.cls, "ACCESS_VIOLATION");
    return EXCEPTION_EXECUTE_HANDLER;
}

/* calls fn() under a real SEH frame, so that the frames of the DLL unwind and destructors run */
static int __attribute__((noinline, optimize("O0"))) guarded(void (*fn)(void)) {
    g_exc.hit = 0;
    __asm__ __volatile__(".Lgtry0:\n\t.seh_handler __C_specific_handler, @except\n\t.seh_handlerdata\n"
                         "\t.long 1\n\t.rva .Lgtry0, .Lgtry1, lab_filter, .Lgtry1\n\t.text\n" ::: "memory");
    fn();
    __asm__ __volatile__("\tnop\n.Lgtry1: nop\n" ::: "memory");
    return g_exc.hit;
}

/* ---- vtable copies ------------------------------------------------------------------------------------ */
static int slot_of(void **vtbl, void *fn, int max) {
    for (int i = 0; i < max; i++) if (vtbl[i] == fn) return i;
    return -1;
}
static void **copy_vtbl(void **v, int n) {
    void **c = calloc(n, sizeof *c);
    memcpy(c, v, n * sizeof *c);
    return c;
}
static void override(void **copy, void **orig, int ord, void *mine, int max) {
    int s = slot_of(orig, export_of(ord), max);
    char t[16];
    if (s < 0) { snprintf(t, sizeof t, "%d", ord); die(8, "no vtable slot for ordinal", t); }
    copy[s] = mine;
}

/* ---- memory: MFC believes lengths in a stream.  Nothing above this is handed out to the DLL, so that hostile
   lengths end in CMemoryException instead of eating the machine. ------------------------------------------- */
#define ALLOC_LIMIT ((size_t)64 << 20)
static void *(*real_malloc)(size_t), *(*real_realloc)(void *, size_t), *(*real_calloc)(size_t, size_t);
static wchar_t *(WINAPI *real_bstr_len)(const wchar_t *, UINT), *(WINAPI *real_bstr_bytes)(const char *, UINT);
static void *lim_malloc(size_t n) { return n > ALLOC_LIMIT ? NULL : real_malloc(n); }
static void *lim_realloc(void *p, size_t n) { return n > ALLOC_LIMIT ? NULL : real_realloc(p, n); }
static void *lim_calloc(size_t a, size_t b) { return b && a > ALLOC_LIMIT / b ? NULL : real_calloc(a, b); }
static wchar_t *WINAPI lim_bstr_len(const wchar_t *s, UINT n) {
    return n > ALLOC_LIMIT / 2 ? NULL : real_bstr_len(s, n);
}
static wchar_t *WINAPI lim_bstr_bytes(const char *s, UINT n) {
    return n > ALLOC_LIMIT ? NULL : real_bstr_bytes(s, n);
}

/* replaces an import of the DLL, by name or (name NULL) by ordinal; returns what was there */
static void *patch_import(const char *dll_prefix, const char *name, WORD ordinal, void *mine) {
    uint8_t *base = (uint8_t *)g_mfc;
    IMAGE_NT_HEADERS *nt = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_DATA_DIRECTORY dir = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    for (IMAGE_IMPORT_DESCRIPTOR *d = (void *)(base + dir.VirtualAddress); d->Name; d++) {
        if (_strnicmp((char *)base + d->Name, dll_prefix, strlen(dll_prefix))) continue;
        IMAGE_THUNK_DATA *look = (void *)(base + d->OriginalFirstThunk), *slot = (void *)(base + d->FirstThunk);
        for (; look->u1.AddressOfData; look++, slot++) {
            int by_ordinal = IMAGE_SNAP_BY_ORDINAL(look->u1.Ordinal);
            if (by_ordinal ? name || IMAGE_ORDINAL(look->u1.Ordinal) != ordinal
                           : !name || strcmp(((IMAGE_IMPORT_BY_NAME *)(base + look->u1.AddressOfData))->Name, name))
                continue;
            void *was = (void *)(UINT_PTR)slot->u1.Function;
            DWORD old;
            VirtualProtect(&slot->u1.Function, 8, PAGE_READWRITE, &old);
            slot->u1.Function = (ULONGLONG)(UINT_PTR)mine;
            VirtualProtect(&slot->u1.Function, 8, old, &old);
            return was;
        }
    }
    die(8, "no import", name ? name : dll_prefix);
    return NULL;
}

static void lab_load(void) {
    g_mfc = LoadLibraryW(LAB_DLL);
    if (!g_mfc) die(7, "cannot load", "the MFC DLL");
    real_malloc = patch_import("api-ms-win-crt-heap", "malloc", 0, lim_malloc);
    real_realloc = patch_import("api-ms-win-crt-heap", "realloc", 0, lim_realloc);
    real_calloc = patch_import("api-ms-win-crt-heap", "calloc", 0, lim_calloc);
    real_bstr_len = patch_import("oleaut32", NULL, 4, lim_bstr_len);        /* SysAllocStringLen */
    real_bstr_bytes = patch_import("oleaut32", NULL, 150, lim_bstr_bytes);  /* SysAllocStringByteLen */
}
#endif
