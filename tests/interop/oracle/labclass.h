/* Own CObject-derived classes of a script (hand-made CRuntimeClass and vtable), and the operators that the MFC
   headers define inline.  A class is of a named kind, or of kind `fields=LETTERS`: its Serialize is then the
   fields in that order (see the table in README.md). */
#ifndef LABCLASS_H
#define LABCLASS_H
#include "mfclab.h"

enum { K_EMPTY, K_DWORD, K_NODE, K_TREE, K_NAMED, K_VER, K_SCHEMA2, K_LATE, K_FIELDS };
static const char *const kind_names[] = {"empty", "dword", "node", "tree", "named", "ver", "schema2", "late"};
#define NAMED_KINDS 8
#define NCLS 32
#define NFIELDS 96
#define UNSET 0xEEEEEEEEu

typedef struct Val { uint64_t n; void *p; int ok; } Val; /* a number; or chars/bytes p with n units; or an object p */
typedef struct Obj {
    void **vtbl; CRuntimeClass *cls; int kind, number, id; /* number: of the class; id: in describe() */
    uint32_t value; void *ptr[2]; void *str; uint32_t seen_schema;
    Val *vals;
} Obj;

static struct { CRuntimeClass *rtc; int kind, base; char fields[NFIELDS + 1]; int owner[NFIELDS]; } klass[NCLS];
static int ncls, log_dtor;
static void *obj_vtbl[8];

static Obj *new_obj(int c) {
    Obj *o = calloc(1, sizeof *o);
    o->vtbl = obj_vtbl; o->cls = klass[c].rtc; o->kind = klass[c].kind; o->number = c; o->seen_schema = UNSET;
    o->vals = calloc(strlen(klass[c].fields) + 1, sizeof(Val));
    CALL(void *, O_STRW_CTOR_N, (void *, const wchar_t *, int), &o->str, L"", 0);
    return o;
}

/* a class is told apart by its functions, so each slot has its own pair */
static CRuntimeClass *root_class(void) { return CALL(CRuntimeClass *, O_OBJ_THISCLASS, (void)); }
#define SLOT(n) \
    static void *create_##n(void) { return new_obj(n); } \
    static CRuntimeClass *base_##n(void) { return klass[n].base < 0 ? root_class() : klass[klass[n].base].rtc; }
#define SLOTS8(M, a) M(a##0) M(a##1) M(a##2) M(a##3) M(a##4) M(a##5) M(a##6) M(a##7)
SLOTS8(SLOT, 0) SLOTS8(SLOT, 01) SLOTS8(SLOT, 02) SLOTS8(SLOT, 03) /* octal: 000..037 */
#define CREATE(n) create_##n,
#define BASE(n) base_##n,
static void *(*const create_fn[NCLS])(void) = {SLOTS8(CREATE, 0) SLOTS8(CREATE, 01) SLOTS8(CREATE, 02) SLOTS8(CREATE, 03)};
static CRuntimeClass *(*const base_fn[NCLS])(void) = {SLOTS8(BASE, 0) SLOTS8(BASE, 01) SLOTS8(BASE, 02) SLOTS8(BASE, 03)};

/* ---- the operators that afx.h defines inline, done on the real archive object --------------------------- */
static void ar_put(CArchive *ar, const void *p, unsigned n) {
    if (ar->m_nMode & AR_LOAD) CALL(void, O_THROW_ARCHIVE, (int, const void *), 2, ar->m_strFileName);
    if (ar->m_lpBufCur + n > ar->m_lpBufMax) CALL(void, O_ARC_FLUSH, (void *), ar);
    memcpy(ar->m_lpBufCur, p, n);
    ar->m_lpBufCur += n;
}
static void ar_get(CArchive *ar, void *p, unsigned n) {
    if (!(ar->m_nMode & AR_LOAD)) CALL(void, O_THROW_ARCHIVE, (int, const void *), 4, ar->m_strFileName);
    if (ar->m_lpBufCur + n > ar->m_lpBufMax)
        CALL(void, O_ARC_FILL, (void *, unsigned), ar, n - (unsigned)(ar->m_lpBufMax - ar->m_lpBufCur));
    memcpy(p, ar->m_lpBufCur, n);
    ar->m_lpBufCur += n;
}

/* ---- CString, through the DLL's own SerializeElements<CStringA> / <CStringW> over one element ------------- */
static void *new_str(int unicode, const void *chars, size_t n) { /* n units */
    void *s = NULL;
    if (unicode) CALL(void *, O_STRW_CTOR_N, (void *, const wchar_t *, int), &s, chars, (int)n);
    else CALL(void *, O_STRA_CTOR_N, (void *, const char *, int), &s, chars, (int)n);
    return s;
}
static void serialize_str(CArchive *ar, int unicode, void **s) {
    CALL(void, unicode ? O_SERELEM_W : O_SERELEM_A, (void *, void *, INT_PTR), ar, s, 1);
}
static void ar_put_str(CArchive *ar, int unicode, const void *chars, size_t n) {
    void *s = new_str(unicode, chars, n);
    serialize_str(ar, unicode, &s);
}
static void *ar_get_str(CArchive *ar, int unicode) {
    void *s = new_str(unicode, L"?", 1); /* what was there before must not matter */
    serialize_str(ar, unicode, &s);
    return s;
}

static void *ar_get_obj(CArchive *ar, CRuntimeClass *wanted) {
    return CALL(void *, O_ARC_READOBJECT, (void *, void *), ar, wanted);
}
static void ar_put_obj(CArchive *ar, void *o) { CALL(void, O_ARC_WRITEOBJECT, (void *, void *), ar, o); }
static uint32_t ar_schema(CArchive *ar) { return CALL(uint32_t, O_ARC_SCHEMA, (void *), ar); }
static void call_serialize(void *o, CArchive *ar) { ((void (*)(void *, void *))(*(void ***)o)[2])(o, ar); }

/* ---- Serialize --------------------------------------------------------------------------------------------- */
static const char *const embeddable[] = {"CByteArray", "CWordArray", "CDWordArray", "CStringArray", "CObArray",
    "CStringList", "CObList", "CMapWordToOb", "CMapStringToOb", "CMapStringToString"}; /* letters 0..9 */

static void *create(const char *name) {
    return CALL(void *, O_RTC_CREATE, (void *), CALL(CRuntimeClass *, O_FROMNAME_A, (const char *), name));
}
static unsigned width_of(char f) { return f == 'b' ? 1 : f == 'w' ? 2 : f == 'd' ? 4 : 8; }

static void store_field(CArchive *ar, Obj *o, char f, int owner, Val *v) {
    uint16_t n16;
    switch (f) {
    case 'b': case 'w': case 'd': case 'q': ar_put(ar, &v->n, width_of(f)); break;
    case 'A': case 'W': ar_put_str(ar, f == 'W', v->p, v->n); break;
    case 'o': case 'k': ar_put_obj(ar, v->p); break;
    case 'c': CALL(void, O_ARC_WRITECOUNT, (void *, uint64_t), ar, v->n); break;
    case 'S': CALL(void, O_ARC_SERCLASS, (void *, void *), ar, klass[owner].rtc); break;
    case 'L': CALL(void, O_ARC_WRITESTRING, (void *, const void *), ar, v->p ? v->p : L"\n"); break;
    case 'r':
        n16 = (uint16_t)v->n;
        ar_put(ar, &n16, 2);
        CALL(void, O_ARC_WRITE, (void *, const void *, unsigned), ar, v->p, n16);
        break;
    case 'v': break;
    default: call_serialize(v->p ? v->p : create(embeddable[f - '0']), ar);
    }
    (void)o;
}
static void load_field(CArchive *ar, char f, int owner, Val *v) {
    uint16_t n16;
    switch (f) {
    case 'b': case 'w': case 'd': case 'q': v->n = 0; ar_get(ar, &v->n, width_of(f)); break;
    case 'A': case 'W': v->p = ar_get_str(ar, f == 'W'); v->n = cstr_len(v->p); break;
    case 'o': v->p = ar_get_obj(ar, NULL); break;
    case 'k': v->p = ar_get_obj(ar, klass[owner].rtc); break;
    case 'c': v->n = CALL(uint64_t, O_ARC_READCOUNT, (void *), ar); break;
    case 'S': CALL(void, O_ARC_SERCLASS, (void *, void *), ar, klass[owner].rtc); break;
    case 'L':
        v->p = NULL;
#ifdef LAB_ANSI
        CALL(void *, O_STRA_CTOR_N, (void *, const char *, int), &v->p, "", 0);
#else
        CALL(void *, O_STRW_CTOR_N, (void *, const wchar_t *, int), &v->p, L"", 0);
#endif
        v->ok = CALL(int, O_ARC_READSTRING_STR, (void *, void *), ar, &v->p);
        v->n = cstr_len(v->p);
        break;
    case 'r':
        ar_get(ar, &n16, 2);
        v->p = calloc(n16 + 1, 1);
        v->n = CALL(unsigned, O_ARC_READ, (void *, void *, unsigned), ar, v->p, n16);
        break;
    case 'v': v->n = ar_schema(ar); break;
    default: v->p = create(embeddable[f - '0']); call_serialize(v->p, ar);
    }
}
static void serialize_fields(Obj *o, CArchive *ar) {
    const char *f = klass[o->number].fields;
    for (int i = 0; f[i]; i++) {
        if (ar->m_nMode & AR_LOAD) load_field(ar, f[i], klass[o->number].owner[i], &o->vals[i]);
        else store_field(ar, o, f[i], klass[o->number].owner[i], &o->vals[i]);
    }
}

static void o_serialize(void *t, CArchive *ar) {
    Obj *o = t;
    int load = ar->m_nMode & AR_LOAD, links = o->kind == K_TREE ? 2 : o->kind == K_NODE || o->kind == K_LATE ? 1 : 0;
    if (o->kind == K_FIELDS) { serialize_fields(o, ar); return; }
    if (load && (o->kind == K_VER || o->kind == K_SCHEMA2)) o->seen_schema = ar_schema(ar);
    if (o->kind == K_SCHEMA2) { if (load) o->value = ar_schema(ar); return; } /* asks twice, stores nothing */
    if (o->kind != K_EMPTY && o->kind != K_LATE) { if (load) ar_get(ar, &o->value, 4); else ar_put(ar, &o->value, 4); }
    for (int i = 0; i < links; i++) {
        if (load) o->ptr[i] = ar_get_obj(ar, NULL); else ar_put_obj(ar, o->ptr[i]);
    }
    if (load && o->kind == K_LATE) o->seen_schema = ar_schema(ar); /* asks after its child was read */
    if (o->kind == K_NAMED) { if (load) o->str = ar_get_str(ar, 1); else serialize_str(ar, 1, &o->str); }
}

static CRuntimeClass *o_class(void *t) { return ((Obj *)t)->cls; }
static void *o_dtor(void *t, unsigned f) {
    (void)f;
    if (log_dtor) printf("log ~%s\n", ((Obj *)t)->cls->m_lpszClassName);
    return t; /* scripts keep their objects: memory goes with the process */
}
static void o_nop(void *t, void *d) { (void)t; (void)d; }

static void lab_classes(void) { /* own CObject vtable: same slots as a real one */
    if (slot_of(*(void ***)create("CByteArray"), export_of(O_CBYTEARRAY_SER), 6) != 2) die(2, "Serialize is not slot", "2");
    obj_vtbl[0] = o_class; obj_vtbl[1] = o_dtor; obj_vtbl[2] = o_serialize; obj_vtbl[3] = o_nop; obj_vtbl[4] = o_nop;
}
#endif
