/* pyfast.h: the details of CPython that the archive's hot path needs, in one place. */
#ifndef PS_PYFAST_H
#define PS_PYFAST_H

#include <Python.h>
#include <structmember.h>
#include <math.h>
#include <stdint.h>
#include "ps_bytes.h"
#include "ps_text.h"

/* Out of the way, so that the inlined part stays small.
   0: *v is set; 1: not an int, or one beyond 64 signed bits; -1: raised */
static int ps_index_i64(PyObject *o, int64_t *v)
{
    int beyond;
    PyObject *n;
    if (PyLong_Check(o)) {
        *v = PyLong_AsLongLongAndOverflow(o, &beyond);
        return beyond != 0;
    }
    if (!PyIndex_Check(o))
        return 1;
    n = PyNumber_Index(o);
    if (n == NULL)
        return -1;
    *v = PyLong_AsLongLongAndOverflow(n, &beyond);
    Py_DECREF(n);
    return beyond != 0;
}

/* An int (or what has __index__) as int64; result as above. */
static inline int ps_as_i64(PyObject *o, int64_t *v)
{
#if PY_VERSION_HEX < 0x030C0000
    if (PyLong_CheckExact(o)) {
        const digit *d = ((PyLongObject *)o)->ob_digit;
        switch (Py_SIZE(o)) {
        case 0: *v = 0; return 0;
        case 1: *v = d[0]; return 0;
        case -1: *v = -(int64_t)d[0]; return 0;
        case 2: *v = (int64_t)(((uint64_t)d[1] << PyLong_SHIFT) | d[0]); return 0;
        case -2: *v = -(int64_t)(((uint64_t)d[1] << PyLong_SHIFT) | d[0]); return 0;
        }
    }
#else
    if (PyLong_CheckExact(o) && PyUnstable_Long_IsCompact((PyLongObject *)o)) {
        *v = PyUnstable_Long_CompactValue((PyLongObject *)o);
        return 0;
    }
#endif
    return ps_index_i64(o, v);
}

/* 0: *v is set; 1: not an int, negative or beyond 64 bits; -1: raised */
static inline int ps_as_u64(PyObject *o, uint64_t *v)
{
    int64_t s;
    int r = ps_as_i64(o, &s);
    if (r == 0) {
        *v = (uint64_t)s;
        return s < 0;
    }
    if (r > 0) {
        PyObject *n;
        if (!PyIndex_Check(o))
            return 1;
        n = PyNumber_Index(o);
        if (n == NULL)
            return -1;
        *v = PyLong_AsUnsignedLongLong(n);
        Py_DECREF(n);
        if (*v == (uint64_t)-1 && PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_OverflowError))
                return -1;
            PyErr_Clear();
            return 1;
        }
        return 0;
    }
    return r;
}

static inline int ps_as_double(PyObject *o, double *v)
{
    if (PyFloat_CheckExact(o)) {
        *v = PyFloat_AS_DOUBLE(o);
        return 0;
    }
    *v = PyFloat_AsDouble(o);
    return *v == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/* Does x, rounded to a float, stay finite?  (infinities and NaN of their own are fine) */
static inline int ps_fits_float(double x)
{
    return !isinf((float)x) || isinf(x);
}

/* True if `name` found on the type of `o` is what `type` itself defines, so that calling C directly skips nobody. */
static inline int ps_same_method(PyTypeObject *a, PyTypeObject *b, PyObject *name)
{
    return _PyType_Lookup(a, name) == _PyType_Lookup(b, name);
}

/* What a number is on the wire. */
enum ps_number {
    PS_U32, PS_I32, PS_U16, PS_U8, PS_I16, PS_I8, PS_I64,
    PS_FIRST_OTHER, PS_F64 = PS_FIRST_OTHER, PS_F32, PS_TRUTH, PS_U64, PS_UNIT
};

/* One UTF-16 unit, from a str of one character or its number; result as of ps_encode. */
static int ps_encode_unit(PyObject *o, uint8_t *p)
{
    int64_t x;
    if (PyUnicode_Check(o)) {
        if (PyUnicode_GetLength(o) != 1)
            return 1;
        x = PyUnicode_ReadChar(o, 0);
    } else {
        int r = ps_as_i64(o, &x);
        if (r)
            return r;
    }
    ps_put16(p, (uint16_t)x);
    return x != (uint16_t)x;
}

/* A float of anything but a float. */
static int ps_float_of(PyObject *o, double *v)
{
    if (!PyNumber_Check(o))
        return 1;
    Py_INCREF(o);
    *v = PyFloat_AsDouble(o);
    Py_DECREF(o);
    if (*v != -1.0 || !PyErr_Occurred())
        return 0;
    if (!PyErr_ExceptionMatches(PyExc_OverflowError) && !PyErr_ExceptionMatches(PyExc_TypeError))
        return -1;
    PyErr_Clear();
    return 1;
}

/* The rarer ones of ps_encode, out of the way. */
static int ps_encode_other(int number, PyObject *o, uint8_t *p)
{
    uint64_t u;
    double f;
    int r;
    switch (number) {
    case PS_TRUTH:
        if (!PyLong_Check(o)) /* a bool, or 0 or 1: anything else is more likely a mistake */
            return 1;
        r = ps_as_u64(o, &u);
        p[0] = u == 1;
        return r != 0 || u > 1;
    case PS_UNIT:
        return ps_encode_unit(o, p);
    case PS_U64:
        r = ps_as_u64(o, &u);
        if (r == 0)
            ps_put64(p, u);
        return r;
    case PS_F32:
        r = ps_float_of(o, &f);
        if (r)
            return r;
        ps_putf32(p, (float)f);
        return !ps_fits_float(f);
    default:
        r = ps_float_of(o, &f);
        if (r == 0)
            ps_putf64(p, f);
        return r;
    }
}

/* Put a number where p points to. 0: done; 1: it does not fit or is none; -1: raised */
static inline int ps_encode(int number, PyObject *o, uint8_t *p)
{
    int64_t x;
    int r;
    if (number == PS_F64 && PyFloat_CheckExact(o)) {
        ps_putf64(p, PyFloat_AS_DOUBLE(o));
        return 0;
    }
    if (number >= PS_FIRST_OTHER)
        return ps_encode_other(number, o, p);
    r = ps_as_i64(o, &x);
    if (r)
        return r;
    switch (number) {
    case PS_U32: ps_put32(p, (uint32_t)x); return x != (uint32_t)x;
    case PS_I32: ps_put32(p, (uint32_t)x); return x != (int32_t)x;
    case PS_U16: ps_put16(p, (uint16_t)x); return x != (uint16_t)x;
    case PS_U8: p[0] = (uint8_t)x; return x != (uint8_t)x;
    case PS_I16: ps_put16(p, (uint16_t)x); return x != (int16_t)x;
    case PS_I8: p[0] = (uint8_t)x; return x != (int8_t)x;
    default: ps_put64(p, (uint64_t)x); return 0;
    }
}

/* One step of a plan (plan.pyx): a field, and where its value lies in the object and on the wire. */
struct ps_op {
    int code;            /* what it is; of the codes, two are known here */
    int kind;            /* of a string */
    int number;          /* of a scalar or count: what it is on the wire */
    int size;            /* of a scalar or count: its bytes */
    int width;           /* of a string: 1 or 2 bytes a character, 0 if the archive says */
    int run;             /* bytes of the run of numbers that begins here, 0 if none does */
    int span;            /* ops in it */
    int at;              /* where in its run */
    int counter;         /* op of the field that counts this one, -1 if none does */
    Py_ssize_t slot;     /* of the attribute (count: of what it counts) in the object */
    Py_ssize_t scratch;  /* where in the scratch */
    PyObject *item;      /* the form's list keeps it alive */
};
enum { PS_OP_NUMBER, PS_OP_STRING };

/* Exact ints and floats and short ASCII strings in one pass, which runs no foreign code. Returns the end of what was
   written; NULL if anything is not that simple, or the room does not do: then the careful way has to be taken. */
static inline uint8_t *ps_store_plain(const struct ps_op *op, Py_ssize_t count, PyObject *o, uint8_t *p,
                                      const uint8_t *end, int width)
{
    const struct ps_op *last = op + count;
    for (; op < last; op++) {
        PyObject *v = *(PyObject **)(void *)((char *)o + op->slot);
        if (v == NULL)
            return NULL;
        if (op->code == PS_OP_NUMBER) {
            if (end - p < op->size)
                return NULL;
            if (PyFloat_CheckExact(v)) {
                if (op->number != PS_F64)
                    return NULL;
                ps_putf64(p, PyFloat_AS_DOUBLE(v));
            } else if (op->number >= PS_FIRST_OTHER || !PyLong_CheckExact(v) || ps_encode(op->number, v, p) != 0) {
                return NULL;
            }
            p += op->size;
        } else {
            Py_ssize_t n;
            if (!PyUnicode_CheckExact(v) || !PyUnicode_IS_COMPACT_ASCII(v))
                return NULL;
            n = PyUnicode_GET_LENGTH(v);
            if (n >= 0xFF || end - p < 4 + 2 * n)
                return NULL;
            if ((op->width ? op->width : width) == 1) {
                *p = (uint8_t)n;
                memcpy(p + 1, PyUnicode_1BYTE_DATA(v), n);
                p += 1 + n;
            } else {
                p[0] = 0xFF;
                ps_put16(p + 1, 0xFFFE);
                p[3] = (uint8_t)n;
                ps_widen8(p + 4, PyUnicode_1BYTE_DATA(v), n);
                p += 4 + 2 * n;
            }
        }
    }
    return p;
}

/* The number at p as a new object. None of these is one that the collector tracks, so no foreign code runs. */
static inline PyObject *ps_decode(int number, const uint8_t *p)
{
    switch (number) {
    case PS_U32: return PyLong_FromUnsignedLong(ps_get32(p));
    case PS_I32: return PyLong_FromLong((int32_t)ps_get32(p));
    case PS_F64: return PyFloat_FromDouble(ps_getf64(p));
    case PS_U16: return PyLong_FromLong(ps_get16(p));
    case PS_U8: return PyLong_FromLong(p[0]);
    case PS_I16: return PyLong_FromLong((int16_t)ps_get16(p));
    case PS_I8: return PyLong_FromLong((int8_t)p[0]);
    case PS_F32: return PyFloat_FromDouble(ps_getf32(p));
    case PS_I64: return PyLong_FromLongLong((int64_t)ps_get64(p));
    case PS_U64: return PyLong_FromUnsignedLongLong(ps_get64(p));
    case PS_UNIT: return PyUnicode_FromOrdinal(ps_get16(p));
    default: return PyBool_FromLong(p[0] != 0); /* any non-zero byte is true (AR-46) */
    }
}

/* Where the slot that a member descriptor of a class with __slots__ stands for lies in an object; -1 if `o` is none. */
static inline Py_ssize_t ps_member_offset(PyObject *o)
{
    PyMemberDef *m;
    if (!Py_IS_TYPE(o, &PyMemberDescr_Type))
        return -1;
    m = ((PyMemberDescrObject *)o)->d_member;
    return m->type == T_OBJECT_EX && !(m->flags & READONLY) ? m->offset : -1;
}

static inline PyObject **ps_member(PyObject *o, Py_ssize_t offset)
{
    return (PyObject **)(void *)((char *)o + offset);
}

/* Give `type` descriptors of its own for the methods it inherits from compiled bases: the interpreter's fast paths
   for methods want the descriptor's type to be exactly that of the object. */
static int ps_adopt_methods(PyTypeObject *type)
{
    Py_ssize_t i, at;
    for (i = 1; i < PyTuple_GET_SIZE(type->tp_mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(type->tp_mro, i);
        PyObject *name, *method;
        if (base == &PyBaseObject_Type)
            break;
        for (at = 0; PyDict_Next(base->tp_dict, &at, &name, &method);) {
            PyObject *own;
            int failed;
            if (!Py_IS_TYPE(method, &PyMethodDescr_Type) || PyDict_Contains(type->tp_dict, name))
                continue;
            own = PyDescr_NewMethod(type, ((PyMethodDescrObject *)method)->d_method);
            if (own == NULL)
                return -1;
            failed = PyDict_SetItem(type->tp_dict, name, own);
            Py_DECREF(own);
            if (failed)
                return -1;
        }
    }
    PyType_Modified(type);
    return 0;
}

#endif
