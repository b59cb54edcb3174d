/* pyhandler.h: calling the handlers Python code has overridden, quickly.  For `sockets` alone; needs Python.h. */
#ifndef PS_PYHANDLER_H
#define PS_PYHANDLER_H

#include <Python.h>

#include "ps_build.h"
#include "pyfast.h"

/* The handler of a type, remembered while the type stays as it is: its version changes with any assignment to the
 * class or to one of its bases.  Only what takes self as its first argument (functions) is kept.  Borrowed: while
 * the version stands, the class holds it. */
static struct {
    PyTypeObject *type;
    unsigned int version;
    PyObject *handler;
} ps_handlers[6];
static PyObject *ps_handler_names[6]; /* of FD_READ, FD_WRITE, FD_OOB, FD_ACCEPT, FD_CONNECT, FD_CLOSE */
static PyObject *ps_zero;             /* what most handlers are called with */

static int ps_name_handler(int which, PyObject *name) {
    if (ps_zero == NULL && (ps_zero = PyLong_FromLong(0)) == NULL) return -1;
    Py_INCREF(name);
    ps_handler_names[which] = name;
    return 0;
}

/* The object's __dict__, NULL while it has none. */
static inline PyObject **ps_own_dict(PyObject *o) { return (PyObject **)((char *)o + Py_TYPE(o)->tp_dictoffset); }

/* Cython makes a __dict__ with every object; an idle socket does without. */
static inline void ps_drop_dict(PyObject *o) { Py_CLEAR(*ps_own_dict(o)); }

static PyObject *ps_find_handler(PyTypeObject *type, int which) {
    PyObject *handler = _PyType_Lookup(type, ps_handler_names[which]);
    if (handler == NULL || !PyType_HasFeature(Py_TYPE(handler), Py_TPFLAGS_METHOD_DESCRIPTOR)) return NULL;
    ps_handlers[which].type = type;
    ps_handlers[which].version = type->tp_version_tag;
    ps_handlers[which].handler = handler;
    return handler;
}

/* sock.name(error), by the way that is right for every object and every kind of handler. */
static int ps_call_any_handler(PyObject *sock, PyObject *name, PyObject *error) {
    PyObject *args[3] = {NULL, sock, error};
    PyObject *result = PyObject_VectorcallMethod(name, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Does the object's own __dict__ have no word on the handler? */
static inline int ps_class_decides(PyObject *own, PyObject *name) {
    return own == NULL || (PyDict_Check(own) && (PyDict_GET_SIZE(own) == 0 || !PyDict_Contains(own, name)));
}

/* The handler of `event`, called with `error`: 0, or -1 with an exception. */
static inline int ps_call_handler(PyObject *sock, unsigned event, int error) {
    int which = 0, r = -1;
    while (PS_UNLIKELY(event >>= 1)) which++;
    PyObject **own = ps_own_dict(sock);
#if PY_VERSION_HEX < 0x030C0000
    if (PS_UNLIKELY(*own == NULL && which == 0)) { /* 3.11 looks methods up quickly only in objects that have a dict */
        *own = PyDict_New();
        if (*own == NULL) return -1;
    }
#endif
    PyObject *number = ps_zero;
    if (PS_UNLIKELY(error)) {
        number = PyLong_FromLong(error);
        if (number == NULL) return -1;
    } else {
        Py_INCREF(number);
    }
    PyTypeObject *type = Py_TYPE(sock);
    PyObject *handler = NULL;
    if (PS_LIKELY(ps_class_decides(*own, ps_handler_names[which]))) {
        if (PS_LIKELY(ps_handlers[which].type == type && ps_handlers[which].version == type->tp_version_tag
                      && type->tp_version_tag != 0))
            handler = ps_handlers[which].handler;
        else
            handler = ps_find_handler(type, which);
    }
    vectorcallfunc call = PS_LIKELY(handler != NULL) ? PyVectorcall_Function(handler) : NULL;
    if (PS_LIKELY(call != NULL)) {
        PyObject *args[3] = {NULL, sock, number};
        Py_INCREF(handler); /* it may replace itself */
        PyObject *result = call(handler, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        Py_DECREF(handler);
        if (PS_LIKELY(result != NULL)) {
            Py_DECREF(result);
            r = 0;
        }
    } else {
        r = ps_call_any_handler(sock, ps_handler_names[which], number);
    }
    Py_DECREF(number);
    return r;
}

/* Is o a `base`?  For the two methods called most, which are Cython functions: as method descriptors, which check
 * this themselves, their calls cost a tenth of a whole echo's Python more.  The last type that was one is remembered
 * like a handler. */
static inline int ps_is_a(PyObject *o, PyObject *base_object) {
    PyTypeObject *base = (PyTypeObject *)base_object;
    static PyTypeObject *last;
    static unsigned int version;
    PyTypeObject *type = Py_TYPE(o);
    if (PS_LIKELY(type == last && type->tp_version_tag == version && version != 0)) return 1;
    if (!PyType_IsSubtype(type, base)) {
        PyErr_Format(PyExc_TypeError, "this method requires a '%s' object but received a '%s'", base->tp_name,
                     type->tp_name);
        return -1;
    }
    last = type;
    version = type->tp_version_tag;
    return 1;
}

/* The memory of a bytearray, a memoryview or, to read from, bytes, and in *size how much of it the argument `n` means: None is all
 * of it.  NULL for every other buffer, and for an n that needs a closer look; nobody's code runs.  The memory stays
 * where it is while the GIL is held.  Never inlined: what runs between system calls runs from a cold cache, so that two
 * callers sharing it is worth more than two calls saved. */
static PS_NOINLINE char *ps_plain_buffer(PyObject *buf, PyObject *n, int writable, Py_ssize_t *size) {
    char *p;
    if (PyByteArray_CheckExact(buf)) {
        p = PyByteArray_AS_STRING(buf);
        *size = PyByteArray_GET_SIZE(buf);
    } else if (!writable && PyBytes_CheckExact(buf)) {
        p = PyBytes_AS_STRING(buf);
        *size = PyBytes_GET_SIZE(buf);
    } else if (PyMemoryView_Check(buf)) { /* it has the buffer, so nothing needs to be asked for */
        const PyMemoryViewObject *view = (PyMemoryViewObject *)buf;
        if ((view->flags | view->mbuf->flags) & _Py_MEMORYVIEW_RELEASED || !(view->flags & _Py_MEMORYVIEW_C)
            || (writable && view->view.readonly))
            return NULL;
        p = (char *)view->view.buf;
        *size = view->view.len;
    } else {
        return NULL;
    }
    if (n != Py_None) {
        int64_t k;
        if (!PyLong_CheckExact(n) || ps_as_i64(n, &k) != 0 || k < 0 || k > *size) return NULL;
        *size = (Py_ssize_t)k;
    }
    return p;
}

#endif
