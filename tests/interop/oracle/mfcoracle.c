/* mfcoracle.exe < SCRIPT > RESULT      (mfcansi.exe: the same, built with -DLAB_ANSI, for mfc140.dll)
   Interprets a line script (see README.md) and lets Microsoft's DLL do the archiving.  Every case prints
       case NAME / log.. val.. exc.. lines / data HEX (storing) / end  */
#include "labclass.h"
#include "labfile.h"
#include <oleauto.h>

#ifdef LAB_ANSI
#define TW 1 /* bytes of a TCHAR */
#else
#define TW 2
#endif
#define SHOWN 512 /* bytes of a long result that are printed */

/* ---- the script -------------------------------------------------------------------------------------------- */
static char *line;
static const size_t line_cap = 16u << 20;
static char *tok[64];
static int ntok;

static int next_line(void) {
    while (fgets(line, (int)line_cap, stdin)) {
        size_t n = strlen(line);
        while (n && (line[n - 1] == '\n' || line[n - 1] == '\r')) line[--n] = 0;
        if (!n || line[0] == '#') continue;
        ntok = 0;
        for (char *t = strtok(line, " "); t && ntok < 64; t = strtok(NULL, " ")) tok[ntok++] = t;
        return 1;
    }
    return 0;
}
static int hexv(int c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }
static uint8_t *unhex(const char *s, size_t *n) { /* "-" is empty; zeros follow the bytes */
    size_t l = strcmp(s, "-") ? strlen(s) / 2 : 0;
    uint8_t *b = calloc(l + 16, 1);
    for (size_t i = 0; i < l; i++) b[i] = (uint8_t)(hexv(s[2 * i]) << 4 | hexv(s[2 * i + 1]));
    *n = l;
    return b;
}
static void puthex(const void *p, size_t n) {
    static const char d[] = "0123456789abcdef";
    const uint8_t *b = p;
    if (!n) putchar('-');
    for (size_t i = 0; i < n; i++) { putchar(d[b[i] >> 4]); putchar(d[b[i] & 15]); }
}
static uint64_t num(const char *s) { return s[0] == '-' ? (uint64_t)_strtoi64(s, 0, 0) : _strtoui64(s, 0, 0); }
static int is(const char *s) { return !strcmp(tok[0], s); }
static void *fill_bytes(int byte, size_t n) { void *b = malloc(n + 1); memset(b, byte, n); return b; }

/* ---- the case under work ------------------------------------------------------------------------------------- */
static struct {
    int file_mem, mode, bufsize, keep_going, blocking, user_buffer, no_file, with_name;
    size_t chunk, len;
    uint8_t *data;
} set;
static CArchive *ar;
static void *file;
static int opno, created, ids;
static void *loaded[1 << 17];
static int nloaded;

typedef struct Named { char id[32]; void *obj; struct Named *next; } Named;
static Named *names;
static struct { char prefix[32]; void **v; int n; } manys[16];
static int nmany;

static void *lookup(const char *id) {
    if (!strcmp(id, "null")) return NULL;
    const char *hash = strchr(id, '#');
    for (int i = 0; hash && i < nmany; i++)
        if (strlen(manys[i].prefix) == (size_t)(hash - id) && !strncmp(manys[i].prefix, id, hash - id))
            return manys[i].v[atoi(hash + 1)];
    for (Named *n = names; n; n = n->next) if (!strcmp(n->id, id)) return n->obj;
    die(5, "unknown id", id);
    return NULL;
}
static void add_name(const char *id, void *o) {
    Named *n = calloc(1, sizeof *n);
    strncpy(n->id, id, 31);
    n->obj = o; n->next = names; names = n;
}
static int find_cls(const char *name) {
    for (int i = 0; i < ncls; i++) if (!strcmp(klass[i].rtc->m_lpszClassName, name)) return i;
    return -1;
}
static CRuntimeClass *any_class(const char *n) { /* own class, or one of the DLL's; "-" is NULL */
    static const struct { const char *name; int ord; } unnamed[] = { /* FromName does not know these */
        {"CObject", O_OBJ_THISCLASS}, {"CPtrArray", O_CPTRARRAY_THISCLASS}, {"CUIntArray", O_CUINTARRAY_THISCLASS},
        {"CPtrList", O_CPTRLIST_THISCLASS}, {"CMapWordToPtr", O_CMAPWORDTOPTR_THISCLASS}};
    if (!strcmp(n, "-")) return NULL;
    int i = find_cls(n);
    if (i >= 0) return klass[i].rtc;
    for (i = 0; i < 5; i++) if (!strcmp(unnamed[i].name, n)) return CALL(CRuntimeClass *, unnamed[i].ord, (void));
    CRuntimeClass *c = CALL(CRuntimeClass *, O_FROMNAME_A, (const char *), n);
    if (!c) die(5, "unknown class", n);
    return c;
}

static void do_open(void) {
    int load = set.mode & AR_LOAD;
    if (set.file_mem) file = new_memfile(load, set.data, set.len);
    else {
        LabFile *f = new_labfile();
        f->chunk = set.chunk; f->blocking = set.blocking;
        if (load) { f->data = set.data; f->len = set.len; }
        file = f;
    }
    ar = calloc(1, sizeof *ar);
    CALL(void *, O_ARC_CTOR, (void *, void *, unsigned, int, void *), ar, set.no_file ? NULL : file,
         (unsigned)set.mode, set.bufsize, set.user_buffer ? calloc(1, set.user_buffer + 64) : NULL);
}
static void do_close(void) { CALL(void, O_ARC_CLOSE, (void *), ar); }

static void report_exc(void) {
    printf("exc op=%d %s %s cause=%d oserr=%ld code=%08lx%s%s\n", opno, tok[0], g_exc.cls, g_exc.cause, g_exc.oserr,
           g_exc.code, set.with_name ? " name=" : "", set.with_name ? g_exc.name : "");
}

/* ---- an object graph in one line: #n:Class(fields) at first sight, @n again ------------------------------------- */
static void describe(void *p);
static void describe_fields(Obj *o) {
    const char *f = klass[o->number].fields;
    for (int i = 0; f[i]; i++) {
        Val *v = &o->vals[i];
        if (i) putchar(',');
        printf("%c=", f[i]);
        switch (f[i]) {
        case 'b': case 'w': case 'd': case 'q': case 'c': case 'v': printf("%llu", (unsigned long long)v->n); break;
        case 'A': puthex(v->p, v->n > SHOWN ? SHOWN : v->n); printf("/%llu", (unsigned long long)v->n); break;
        case 'W': puthex(v->p, 2 * v->n > SHOWN ? SHOWN : 2 * v->n); printf("/%llu", (unsigned long long)v->n); break;
        case 'L': printf("%d:", v->ok); puthex(v->p, TW * v->n > SHOWN ? SHOWN : TW * v->n); break;
        case 'r': puthex(v->p, v->n > SHOWN ? SHOWN : v->n); printf("/%llu", (unsigned long long)v->n); break;
        case 'o': case 'k': describe(v->p); break;
        case 'S': break;
        default: if (v->p) printf("<%s>", class_of(v->p)); else printf("none");
        }
    }
}
static void describe(void *p) {
    Obj *o = p;
    if (!p) { printf("null"); return; }
    if (o->vtbl != obj_vtbl) { printf("<%s>", class_of(p)); return; }
    if (o->id) { printf("@%d", o->id); return; }
    o->id = ++ids;
    printf("#%d:%s(", o->id, o->cls->m_lpszClassName);
    if (o->kind == K_FIELDS) { describe_fields(o); printf(")"); return; }
    if (o->kind != K_EMPTY) printf("%u", o->value);
    if (o->seen_schema != UNSET) printf(",schema=%u", o->seen_schema);
    if (o->kind == K_NAMED) { printf(",utf16="); puthex(o->str, 2 * cstr_len(o->str)); }
    int links = o->kind == K_TREE ? 2 : o->kind == K_NODE || o->kind == K_LATE ? 1 : 0;
    for (int i = 0; i < links; i++) { printf(","); describe(o->ptr[i]); }
    printf(")");
}

/* ---- definitions: classes and objects ------------------------------------------------------------------------------ */
/* a CString of the build's own kind; the script gives UTF-16 (mfcoracle) or plain bytes (mfcansi) */
static void *tstr(const char *hex) {
    size_t n;
    uint8_t *b = unhex(hex, &n);
    void **s = calloc(1, 8);
    *s = new_str(TW == 2, b, n / TW);
    return s;
}
static void set_fields(int c, const char *letters) { /* 'B' stands for the fields of the base class */
    int n = 0;
    for (; *letters; letters++) {
        if (*letters != 'B') { klass[c].fields[n] = *letters; klass[c].owner[n++] = c; continue; }
        int b = klass[c].base;
        for (int i = 0; b >= 0 && klass[b].fields[i]; i++) {
            if (n >= NFIELDS) die(5, "too many fields in", klass[c].rtc->m_lpszClassName);
            klass[c].fields[n] = klass[b].fields[i]; klass[c].owner[n++] = klass[b].owner[i];
        }
    }
    klass[c].fields[n] = 0;
}
static void def_class(void) { /* class NAME SCHEMA KIND [abstract] [unregistered] [base=NAME] */
    int c = ncls, abstract = 0, registered = 1;
    if (c >= NCLS) die(5, "too many classes at", tok[1]);
    CRuntimeClass *r = calloc(1, sizeof *r);
    klass[c].rtc = r; klass[c].base = -1; klass[c].fields[0] = 0; klass[c].kind = -1;
    for (int i = 4; i < ntok; i++) {
        if (!strncmp(tok[i], "base=", 5)) klass[c].base = find_cls(tok[i] + 5);
        else if (!strcmp(tok[i], "abstract")) abstract = 1;
        else if (!strcmp(tok[i], "unregistered")) registered = 0;
    }
    r->m_lpszClassName = strdup(tok[1]); r->m_nObjectSize = sizeof(Obj); r->m_wSchema = (uint32_t)num(tok[2]);
    r->m_pfnCreateObject = abstract ? NULL : create_fn[c]; r->m_pfnGetBaseClass = base_fn[c];
    if (!strncmp(tok[3], "fields=", 7)) { klass[c].kind = K_FIELDS; set_fields(c, tok[3] + 7); }
    for (int k = 0; k < NAMED_KINDS; k++) if (!strcmp(kind_names[k], tok[3])) klass[c].kind = k;
    if (klass[c].kind < 0) die(5, "unknown kind", tok[3]);
    ncls++;
    if (registered) CALL(void, O_CLASSINIT, (void *), r);
}
static void def_obj(void) { /* obj ID CLASS VALUE [UTF16HEX] */
    Obj *o = new_obj(find_cls(tok[2]));
    size_t n;
    o->value = (uint32_t)num(tok[3]);
    if (ntok > 4) { uint8_t *b = unhex(tok[4], &n); o->str = new_str(1, b, n / 2); }
    add_name(tok[1], o);
}
static void def_set(void) { /* set ID FIELD VALUE; VALUE as the field's letter asks: a number, hex, or an id */
    Obj *o = lookup(tok[1]);
    int i = atoi(tok[2]);
    Val *v = &o->vals[i];
    switch (klass[o->number].fields[i]) {
    case 'b': case 'w': case 'd': case 'q': case 'c': v->n = num(tok[3]); break;
    case 'A': case 'r': case 'L': v->p = unhex(tok[3], &v->n); break;
    case 'W': v->p = unhex(tok[3], &v->n); v->n /= 2; break;
    default: v->p = lookup(tok[3]);
    }
}
static void def_link(void) { ((Obj *)lookup(tok[1]))->ptr[atoi(tok[2])] = lookup(tok[3]); } /* link ID INDEX ID2 */
static void def_many(void) { /* many PREFIX CLASS COUNT: PREFIX#0.. */
    int c = find_cls(tok[2]), n = atoi(tok[3]);
    strcpy(manys[nmany].prefix, tok[1]);
    manys[nmany].v = calloc(n, 8);
    manys[nmany].n = n;
    for (int i = 0; i < n; i++) { Obj *o = new_obj(c); o->value = i; manys[nmany].v[i] = o; }
    nmany++;
}
static void def_new(void) { /* new ID CLASS: CRuntimeClass::CreateObject, or the exported constructor */
    const char *c = tok[2];
    void *o;
    if (!strcmp(c, "CPtrArray")) o = CALL(void *, O_CPTRARRAY_CTOR, (void *), blob());
    else if (!strcmp(c, "CUIntArray")) o = CALL(void *, O_CUINTARRAY_CTOR, (void *), blob());
    else if (!strcmp(c, "CPtrList")) o = CALL(void *, O_CPTRLIST_CTOR, (void *, INT_PTR), blob(), 10);
    else if (!strcmp(c, "CMapWordToPtr")) o = CALL(void *, O_CMAPWORDTOPTR_CTOR, (void *, INT_PTR), blob(), 10);
    else o = CALL(void *, O_RTC_CREATE, (void *), any_class(c));
    add_name(tok[1], o);
}
static void add_to(void *o, const char *c, const char *a, const char *b) {
    INT_PTR n = ((INT_PTR *)o)[2]; /* m_nSize of the array classes */
#define GROW(name, ord, type, value) \
    if (!strcmp(c, name)) { CALL(void, ord, (void *, INT_PTR, type), o, n, (type)(value)); return; }
    GROW("CByteArray", O_CBYTEARRAY_SETATGROW, uint8_t, num(a))
    GROW("CWordArray", O_CWORDARRAY_SETATGROW, uint16_t, num(a))
    GROW("CDWordArray", O_CDWORDARRAY_SETATGROW, uint32_t, num(a))
    GROW("CUIntArray", O_CUINTARRAY_SETATGROW, uint32_t, num(a))
    GROW("CPtrArray", O_CPTRARRAY_SETATGROW, void *, (UINT_PTR)num(a))
    GROW("CObArray", O_COBARRAY_SETATGROW, void *, lookup(a))
    GROW("CStringArray", O_CSTRINGARRAY_SETATGROW, void *, tstr(a))
#undef GROW
    if (!strcmp(c, "CObList")) CALL(void *, O_COBLIST_ADDTAIL, (void *, void *), o, lookup(a));
    else if (!strcmp(c, "CStringList")) CALL(void *, O_CSTRINGLIST_ADDTAIL, (void *, void *), o, tstr(a));
    else if (!strcmp(c, "CMapStringToOb"))
        *CALL(void **, O_CMAPSTRINGTOOB_IDX, (void *, void *), o, *(void **)tstr(a)) = lookup(b);
    else if (!strcmp(c, "CMapWordToOb"))
        *CALL(void **, O_CMAPWORDTOOB_IDX, (void *, uint16_t), o, (uint16_t)num(a)) = lookup(b);
    else if (!strcmp(c, "CMapStringToString"))
        *CALL(void **, O_CMAPSTRINGTOSTRING_IDX, (void *, void *), o, *(void **)tstr(a)) = *(void **)tstr(b);
    else die(5, "cannot add to", c);
}
static void def_add(void) { add_to(lookup(tok[1]), tok[2], tok[3], ntok > 4 ? tok[4] : NULL); } /* add ID CLASS V [V2] */
static void def_addmany(void) { /* addmany ID CLASS COUNT: 0..COUNT-1 */
    void *o = lookup(tok[1]);
    char v[16];
    for (int i = 0; i < atoi(tok[3]); i++) { snprintf(v, sizeof v, "%d", i); add_to(o, tok[2], v, NULL); }
}

/* ---- value types ------------------------------------------------------------------------------------------------------ */
typedef struct { double d; int status; } OleDate;     /* COleDateTime, COleDateTimeSpan */
typedef struct { int64_t amount; int status; } OleCy; /* COleCurrency */

static void out_ref(int ord, void *v) { CALL(void *, ord, (void *, void *), ar, v); }
static void out_int64(int ord, int64_t v) { CALL(void *, ord, (void *, int64_t), ar, v); }

static void make_variant(VARIANT *v) { /* var VT [BITS | str UTF16HEX | bytes HEX | array | decimal HEX16] */
    size_t n;
    memset(v, 0, sizeof *v);
    v->vt = (VARTYPE)num(tok[1]);
    const char *how = ntok > 2 ? tok[2] : "0", *hex = ntok > 3 ? tok[3] : "-";
    uint8_t *b = unhex(hex, &n);
    if (!strcmp(how, "str")) v->bstrVal = SysAllocStringLen((OLECHAR *)b, (UINT)(n / 2));
    else if (!strcmp(how, "bytes")) v->bstrVal = SysAllocStringByteLen((char *)b, (UINT)n);
    else if (!strcmp(how, "array")) v->parray = SafeArrayCreateVector(v->vt & 0xfff, 0, 2);
    else if (!strcmp(how, "decimal")) { VARTYPE t = v->vt; memcpy(v, b, n < 16 ? n : 16); v->vt = t; }
    else v->llVal = (int64_t)num(how);
}

/* ---- operations: storing --------------------------------------------------------------------------------------------- */
static void op_put(void) { uint64_t v = num(tok[2]); ar_put(ar, &v, (unsigned)num(tok[1])); }
static void do_write(const void *p, size_t n) {
    CALL(void, O_ARC_WRITE, (void *, const void *, unsigned), ar, p, (unsigned)n);
}
static void op_write(void) { size_t n; uint8_t *b = unhex(tok[1], &n); do_write(b, n); }
static void op_writerep(void) { size_t n = (size_t)num(tok[2]); do_write(fill_bytes((int)num(tok[1]), n), n); }
static void op_strA(void) { size_t n; uint8_t *b = unhex(tok[1], &n); ar_put_str(ar, 0, b, n); }
static void op_strW(void) { size_t n; uint8_t *b = unhex(tok[1], &n); ar_put_str(ar, 1, b, n / 2); }
static void op_strArep(void) { size_t n = (size_t)num(tok[2]); ar_put_str(ar, 0, fill_bytes((int)num(tok[1]), n), n); }
static void op_strWrep(void) {
    size_t n = (size_t)num(tok[2]);
    uint16_t *w = malloc(2 * n + 2);
    for (size_t i = 0; i < n; i++) w[i] = (uint16_t)num(tok[1]);
    ar_put_str(ar, 1, w, n);
}
static void put_strlen(int unicode) { CALL(void, O_WRITESTRLEN, (void *, UINT_PTR, int), ar, num(tok[1]), unicode); }
static void op_strlenA(void) { put_strlen(0); }
static void op_strlenW(void) { put_strlen(1); }
static void op_wstr(void) { size_t n; uint8_t *b = unhex(tok[1], &n); out_ref(O_ARC_WRITESTRING, b); }
static void op_wstrnull(void) { out_ref(O_ARC_WRITESTRING, NULL); }
static void op_count(void) { CALL(void, O_ARC_WRITECOUNT, (void *, uint64_t), ar, num(tok[1])); }
static void op_wobj(void) { ar_put_obj(ar, lookup(tok[1])); }
static void op_wmany(void) {
    char t[64];
    for (int i = atoi(tok[2]); i < atoi(tok[3]); i++) { snprintf(t, sizeof t, "%s#%d", tok[1], i); ar_put_obj(ar, lookup(t)); }
}
static void op_wclass(void) { CALL(void, O_ARC_WRITECLASS, (void *, void *), ar, any_class(tok[1])); }
static void op_sclass(void) { CALL(void, O_ARC_SERCLASS, (void *, void *), ar, any_class(tok[1])); }
static void op_map(void) { CALL(void, O_ARC_MAP, (void *, void *), ar, lookup(tok[1])); }
static void op_ser(void) { call_serialize(lookup(tok[1]), ar); }
static void op_ctime(void) { out_int64(O_OUT_TIME, (int64_t)num(tok[1])); }
static void op_ctimespan(void) { out_int64(O_OUT_TIMESPAN, (int64_t)num(tok[1])); }
static void serialize64(int ord) { int64_t t = (int64_t)num(tok[1]); CALL(void *, ord, (void *, void *), &t, ar); }
static void op_ctime64(void) { serialize64(O_TIME_SER64); }
static void op_ctimespan64(void) { serialize64(O_TIMESPAN_SER64); }
static void put_date(int ord) {
    OleDate d;
    uint64_t v = num(tok[1]);
    memcpy(&d.d, &v, 8);
    d.status = (int)num(tok[2]);
    out_ref(ord, &d);
}
static void op_odt(void) { put_date(O_OUT_ODT); }
static void op_odts(void) { put_date(O_OUT_ODTS); }
static void op_ocy(void) { OleCy c = {(int64_t)num(tok[1]), (int)num(tok[2])}; out_ref(O_OUT_CY, &c); }
static void op_var(void) { VARIANT v; make_variant(&v); out_ref(O_OUT_VAR, &v); }
static void op_bstr(void) {
    size_t n;
    uint8_t *b = unhex(tok[1], &n);
    BSTR s = strcmp(tok[1], "null") ? SysAllocStringLen((OLECHAR *)b, (UINT)(n / 2)) : NULL;
    out_ref(O_OUT_BSTR, &s);
}

/* ---- operations: both directions ----------------------------------------------------------------------------------------- */
static void op_flush(void) { CALL(void, O_ARC_FLUSH, (void *), ar); }
static void op_close(void) { do_close(); created = 0; }
static void op_abort(void) { CALL(void, O_ARC_ABORT, (void *), ar); created = 0; }
static void op_dtor(void) { CALL(void, O_ARC_DTOR, (void *), ar); created = 0; }
static void op_state(void) {
    printf("val op=%d state nMode=%u bUserBuf=%d nBufSize=%d bDirectBuffer=%d bBlocking=%d cur=%lld max=%lld mapcount=%u\n",
           opno, ar->m_nMode, ar->m_bUserBuf, ar->m_nBufSize, ar->m_bDirectBuffer, ar->m_bBlocking,
           (long long)(ar->m_lpBufCur - ar->m_lpBufStart), (long long)(ar->m_lpBufMax - ar->m_lpBufStart), ar->m_nMapCount);
}
static void op_fields(void) {
    printf("val op=%d fields doc=%p flat=%d schema=0x%x grow=%u hash=%u pMap=%d file=%d\n", opno, ar->m_pDocument,
           ar->m_bForceFlat, ar->m_nObjectSchema, ar->m_nGrowSize, ar->m_nHashSize, ar->m_pMap != 0, ar->m_pFile != 0);
}
static void op_setschema(void) { ar->m_nObjectSchema = (uint32_t)num(tok[1]); }
static void op_setcount(void) { ar->m_nMapCount = (uint32_t)num(tok[1]); }
static void op_pos(void) {
    LabFile *f = file;
    long long pos = set.file_mem ? CALL(long long, O_MF_GETPOS, (void *), file) : (long long)f->pos;
    long long len = set.file_mem ? CALL(long long, O_MEMFILE_GETLENGTH, (void *), file) : (long long)f->len;
    printf("val op=%d pos %lld len %lld\n", opno, pos, len);
}

/* ---- operations: loading ---------------------------------------------------------------------------------------------------- */
static void op_get(void) {
    uint64_t v = 0;
    ar_get(ar, &v, (unsigned)num(tok[1]));
    printf("val op=%d get%s 0x%llx\n", opno, tok[1], (unsigned long long)v);
}
static void op_getbool(void) { /* operator>>(bool&) is inline: any byte but 0 is true */
    uint8_t v = 0;
    ar_get(ar, &v, 1);
    printf("val op=%d get1 0x%x\n", opno, v != 0);
}
static void op_read(void) {
    unsigned want = (unsigned)num(tok[1]);
    uint8_t *b = calloc(want + 1, 1);
    unsigned got = CALL(unsigned, O_ARC_READ, (void *, void *, unsigned), ar, b, want);
    printf("val op=%d read want=%u got=%u ", opno, want, got);
    puthex(b, got > SHOWN ? 0 : got);
    puts("");
}
/* operator>> of SIZE, POINT and RECT is inline in the headers: Read, and endOfFile if that was short (EnsureRead) */
static void op_rstruct(void) {
    unsigned want = (unsigned)num(tok[1]);
    uint8_t *b = calloc(want + 1, 1);
    unsigned got = CALL(unsigned, O_ARC_READ, (void *, void *, unsigned), ar, b, want);
    if (got < want) CALL(void, O_THROW_ARCHIVE, (int, const void *), 3, NULL);
    printf("val op=%d read want=%u got=%u ", opno, want, got);
    puthex(b, got);
    puts("");
}
static void op_rcount(void) { printf("val op=%d count %llu\n", opno, CALL(unsigned long long, O_ARC_READCOUNT, (void *), ar)); }
static void op_rstrlen(void) {
    int width = -1;
    unsigned long long r = CALL(unsigned long long, O_READSTRLEN, (void *, int *), ar, &width);
    printf("val op=%d strlen %llu charsize=%d\n", opno, r, width);
}
static void show_str(const char *what, const void *chars, size_t bytes) {
    printf("val op=%d %s len=%d ", opno, what, cstr_len(chars));
    puthex(chars, bytes > SHOWN ? SHOWN : bytes);
    puts("");
}
static void op_rcstrA(void) { void *s = ar_get_str(ar, 0); show_str("cstringA", s, cstr_len(s)); }
static void op_rcstrW(void) { void *s = ar_get_str(ar, 1); show_str("cstringW", s, 2 * (size_t)cstr_len(s)); }
static void op_rstrobj(void) {
    void *s = new_str(TW == 2, L"", 0);
    int ok = CALL(int, O_ARC_READSTRING_STR, (void *, void *), ar, &s);
    printf("val op=%d readstring ok=%d ", opno, ok);
    puthex(s, (size_t)TW * cstr_len(s));
    puts("");
}
static void read_string_buf(int n_max, unsigned arg) { /* AA shows what was not touched */
    uint8_t *w = calloc(n_max + 2, 2);
    memset(w, 0xAA, TW * (n_max + 1));
    void *r = CALL(void *, O_ARC_READSTRING_BUF, (void *, void *, unsigned), ar, w, arg);
    printf("val op=%d readstringbuf %s ", opno, r ? "ptr" : "NULL");
    puthex(w, TW * (n_max + 1));
    puts("");
}
static void op_rstrbuf(void) { read_string_buf((int)num(tok[1]), (unsigned)num(tok[1])); }
static void op_rstrneg(void) { read_string_buf((int)num(tok[1]), (unsigned)-(int)num(tok[1])); }
static void op_robj(void) {
    void *o = ar_get_obj(ar, any_class(tok[1]));
    loaded[nloaded++] = o;
    printf("val op=%d object ", opno);
    describe(o);
    puts("");
}
static void op_rclass(void) {
    uint32_t schema = UNSET, tag = UNSET;
    CRuntimeClass *c = CALL(CRuntimeClass *, O_ARC_READCLASS, (void *, void *, uint32_t *, uint32_t *), ar,
                            any_class(tok[1]), &schema, &tag);
    printf("val op=%d class %s schema=0x%x tag=0x%x\n", opno, c ? c->m_lpszClassName : "NULL", schema, tag);
}
static void op_rclassn(void) { /* without the two outputs */
    CRuntimeClass *c = CALL(CRuntimeClass *, O_ARC_READCLASS, (void *, void *, uint32_t *, uint32_t *), ar,
                            any_class(tok[1]), NULL, NULL);
    printf("val op=%d class %s\n", opno, c ? c->m_lpszClassName : "NULL");
}
static void op_schema(void) { printf("val op=%d schema 0x%x\n", opno, ar_schema(ar)); }
static void op_rser(void) {
    void *o = CALL(void *, O_RTC_CREATE, (void *), any_class(tok[1]));
    call_serialize(o, ar);
    loaded[nloaded++] = o;
    printf("val op=%d serialized <%s>\n", opno, class_of(o));
}
static void get_time(int ord, const char *what) {
    int64_t t = -1;
    out_ref(ord, &t);
    printf("val op=%d %s %lld\n", opno, what, (long long)t);
}
static void op_rctime(void) { get_time(O_IN_TIME, "ctime"); }
static void op_rctimespan(void) { get_time(O_IN_TIMESPAN, "ctimespan"); }
static void get_time64(int ord, const char *what) {
    int64_t t = -1;
    CALL(void *, ord, (void *, void *), &t, ar);
    printf("val op=%d %s %lld\n", opno, what, (long long)t);
}
static void op_rctime64(void) { get_time64(O_TIME_SER64, "ctime64"); }
static void op_rctimespan64(void) { get_time64(O_TIMESPAN_SER64, "ctimespan64"); }
static void get_date(int ord) {
    OleDate d;
    uint64_t v;
    memset(&d, 0xEE, sizeof d);
    out_ref(ord, &d);
    memcpy(&v, &d.d, 8);
    printf("val op=%d %s 0x%llx status=%d\n", opno, tok[0], (unsigned long long)v, d.status);
}
static void op_rodt(void) { get_date(O_IN_ODT); }
static void op_rodts(void) { get_date(O_IN_ODTS); }
static void op_rocy(void) {
    OleCy c;
    memset(&c, 0xEE, sizeof c);
    out_ref(O_IN_CY, &c);
    printf("val op=%d ocy %lld status=%d\n", opno, (long long)c.amount, c.status);
}
static void op_rbstr(void) {
    BSTR s = NULL;
    out_ref(O_IN_BSTR, &s);
    printf("val op=%d bstr %s ", opno, s ? "ptr" : "NULL");
    puthex(s, 2 * (size_t)SysStringLen(s));
    puts("");
}
static void op_rvar(void) {
    VARIANT v;
    memset(&v, 0, sizeof v);
    out_ref(O_IN_VAR, &v);
    printf("val op=%d variant vt=%u bits=0x%llx ", opno, v.vt, v.vt == VT_BSTR ? 0 : (unsigned long long)v.llVal);
    if (v.vt == VT_BSTR) puthex(v.bstrVal, SysStringByteLen(v.bstrVal));
    puts("");
}
static void op_restore(void) { /* store what robj/rser gave again, in order; "ser": without tags */
    void *f = new_memfile(0, NULL, 0);
    CArchive *out = calloc(1, sizeof *out);
    CALL(void *, O_ARC_CTOR, (void *, void *, unsigned, int, void *), out, f, 0u, 4096, NULL);
    for (int i = 0; i < nloaded; i++) {
        if (ntok > 1 && !strcmp(tok[1], "ser")) call_serialize(loaded[i], out);
        else ar_put_obj(out, loaded[i]);
    }
    CALL(void, O_ARC_CLOSE, (void *), out);
    uint64_t l = CALL(uint64_t, O_MEMFILE_GETLENGTH, (void *), f);
    uint8_t *d = CALL(uint8_t *, O_MEMFILE_DETACH, (void *), f);
    printf("val op=%d restored ", opno);
    puthex(d, l);
    puts("");
}
static void op_keep(void) { loaded[nloaded++] = lookup(tok[1]); }
static void op_grow(void) { /* the plain file gets more bytes, as a file being written does */
    LabFile *f = file;
    size_t n;
    uint8_t *b = unhex(tok[1], &n), *d = malloc(f->len + n + 1);
    memcpy(d, f->data, f->len);
    memcpy(d + f->len, b, n);
    f->data = d; f->len += n;
}

/* ---- operations on functions and on the CMemFile itself ----------------------------------------------------------------- */
static void show_hash(int ord) {
    size_t n;
    uint8_t *b = unhex(tok[1], &n);
    printf("val op=%d hash %u\n", opno, CALL(unsigned, ord, (const void *), b));
}
static void op_hashw(void) { show_hash(O_HASHKEY_W); }
static void op_hasha(void) { show_hash(O_HASHKEY_A); }
static void op_isderived(void) {
    printf("val op=%d derived %d\n", opno, CALL(int, O_ISDERIVED, (void *, void *), any_class(tok[1]), any_class(tok[2])));
}
static void op_mfseek(void) {
    printf("val op=%d seek %lld\n", opno,
           CALL(long long, O_MF_SEEK, (void *, int64_t, unsigned), file, (int64_t)num(tok[1]), (unsigned)num(tok[2])));
}
static void op_mfread(void) {
    unsigned want = (unsigned)num(tok[1]);
    uint8_t *b = calloc(want + 1, 1);
    unsigned got = CALL(unsigned, O_MEMFILE_READ, (void *, void *, unsigned), file, b, want);
    printf("val op=%d mfread %u ", opno, got);
    puthex(b, got);
    puts("");
}
static void op_mfwrite(void) {
    size_t n;
    uint8_t *b = unhex(tok[1], &n);
    CALL(void, O_MF_WRITE, (void *, const void *, unsigned), file, b, (unsigned)n);
}
static void op_mfsetlen(void) { CALL(void, O_MF_SETLENGTH, (void *, uint64_t), file, num(tok[1])); }
static void op_mfattach(void) {
    file = new_memfile(0, NULL, 0);
    CALL(void, O_MF_ATTACH, (void *, void *, unsigned, unsigned), file, calloc(1, 4096), (unsigned)num(tok[1]), (unsigned)num(tok[2]));
}
static void op_mflock(void) { CALL(void, O_MF_LOCK, (void *, uint64_t, uint64_t), file, 0, 1); }
static void op_mfunlock(void) { CALL(void, O_MF_UNLOCK, (void *, uint64_t, uint64_t), file, 0, 1); }
static void op_mfdup(void) { CALL(void *, O_MF_DUP, (void *), file); }

/* ---- the tables ----------------------------------------------------------------------------------------------------------- */
typedef struct { const char *name; void (*fn)(void); } Verb;
#define V(n) {#n, op_##n},
#define D(n) {#n, def_##n},
static const Verb definitions[] = {D(class) D(obj) D(set) D(link) D(many) D(new) D(add) D(addmany) {NULL, NULL}};
static const Verb operations[] = {
    V(put) V(write) V(writerep) V(strA) V(strW) V(strArep) V(strWrep) V(strlenA) V(strlenW) V(wstr) V(wstrnull) V(count)
    V(wobj) V(wmany) V(wclass) V(sclass) V(map) V(ser) V(ctime) V(ctimespan) V(ctime64) V(ctimespan64) V(odt) V(odts)
    V(ocy) V(var) V(bstr) V(flush) V(close) V(abort) V(dtor) V(state) V(fields) V(setschema) V(setcount) V(pos) V(get) V(getbool)
    V(read) V(rstruct) V(rcount) V(rstrlen) V(rcstrA) V(rcstrW) V(rstrobj) V(rstrbuf) V(rstrneg) V(robj) V(rclass) V(rclassn)
    V(schema) V(rser) V(rctime) V(rctimespan) V(rctime64) V(rctimespan64) V(rodt) V(rodts) V(rocy) V(rbstr) V(rvar)
    V(restore) V(keep) V(grow) V(hashw) V(hasha) V(isderived) V(mfseek) V(mfread) V(mfwrite) V(mfsetlen) V(mfattach)
    V(mflock) V(mfunlock) V(mfdup) {NULL, NULL}};

static void (*verb(const Verb *table))(void) {
    for (; table->name; table++) if (is(table->name)) return table->fn;
    return NULL;
}
static int setting(void) {
    if (is("mode")) set.mode = (int)num(tok[1]);
    else if (is("buf")) set.bufsize = (int)(int64_t)num(tok[1]);
    else if (is("file")) set.file_mem = !strcmp(tok[1], "mem");
    else if (is("chunk")) set.chunk = (size_t)num(tok[1]);
    else if (is("blocking")) set.blocking = 1;
    else if (is("data")) set.data = unhex(tok[1], &set.len);
    else if (is("ubuf")) set.user_buffer = (int)num(tok[1]);
    else if (is("withname")) set.with_name = 1;
    else if (is("nofile")) set.no_file = 1;
    else if (is("logdtor")) log_dtor = 1;
    else if (is("keepgoing")) set.keep_going = 1;
    else if (is("nolog")) logging = 0;
    else return 0;
    return 1;
}
static void begin_case(void) {
    printf("case %s\n", tok[1]);
    for (int i = 0; i < ncls; i++) klass[i].rtc->m_lpszClassName = "\x01gone"; /* classes cannot be unregistered */
    ncls = nmany = nloaded = ids = created = log_dtor = 0;
    names = NULL; ar = NULL; file = NULL; opno = -1; logging = 1;
    memset(&set, 0, sizeof set);
    set.file_mem = 1; set.bufsize = 4096;
}
static void show_file(void) {
    printf("data ");
    if (set.file_mem) {
        uint64_t l = CALL(uint64_t, O_MEMFILE_GETLENGTH, (void *), file);
        puthex(CALL(uint8_t *, O_MEMFILE_DETACH, (void *), file), l);
    } else puthex(((LabFile *)file)->data, ((LabFile *)file)->len);
    puts("");
}

#ifndef LAB_NO_MAIN /* ../peers/mfcpeer.c has its own */
int main(void) {
    int open = 0, stop = 0;
    void (*fn)(void);
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    line = malloc(line_cap);
    lab_load();
    lab_classes();
    while (next_line()) {
        if (is("case")) { begin_case(); open = stop = 0; continue; }
        if (setting()) continue;
        if ((fn = verb(definitions))) { if (guarded(fn)) report_exc(); continue; }
        if (!open) {
            open = 1;
            if (guarded(do_open)) { report_exc(); stop = 1; } else created = 1;
        }
        if (is("end")) {
            if (created && !stop) { opno = 9999; if (guarded(do_close)) report_exc(); }
            else if (created && ar) CALL(void, O_ARC_ABORT, (void *), ar);
            if (!(set.mode & AR_LOAD) && file) show_file();
            puts("end");
            fflush(stdout);
            continue;
        }
        opno++;
        if (!(fn = verb(operations))) die(4, "unknown operation", tok[0]);
        if (!stop && guarded(fn)) { report_exc(); if (!set.keep_going) stop = 1; }
    }
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), 0);
    return 0;
}
#endif
