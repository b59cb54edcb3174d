/* pyhandler.h: calling the handlers Python code has overridden, quickly.  For `sockets` alone; needs Python.h. */
#ifndef PS_PYHANDLER_H
#define PS_PYHANDLER_H

#include <Python.h>

/* The handler of a type, remembered while the type stays as it is: its version changes with any assignment to the
 * class or to one of its bases.  Only what takes self as its first argument (functions) is kept.  Borrowed: while
 * the version stands, the class holds it. */
static struct {
    PyTypeObject *type;
    unsigned int version;
    PyObject *handler;
} ps_handlers[6];

/* The object's __dict__, NULL while it has none. */
static inline PyObject **ps_own_dict(PyObject *o) { return (PyObject **)((char *)o + Py_TYPE(o)->tp_dictoffset); }

/* Cython makes a __dict__ with every object; an idle socket does without. */
static inline void ps_drop_dict(PyObject *o) { Py_CLEAR(*ps_own_dict(o)); }

static PyObject *ps_find_handler(PyTypeObject *type, int which, PyObject *name) {
    if (ps_handlers[which].type == type && ps_handlers[which].version == type->tp_version_tag
        && type->tp_version_tag != 0)
        return ps_handlers[which].handler;
    PyObject *handler = _PyType_Lookup(type, name);
    if (handler == NULL || !PyType_HasFeature(Py_TYPE(handler), Py_TPFLAGS_METHOD_DESCRIPTOR)) return NULL;
    ps_handlers[which].type = type;
    ps_handlers[which].version = type->tp_version_tag;
    ps_handlers[which].handler = handler;
    return handler;
}

/* sock.name(error); which: a number of the name, 0..5 and 0 for the one called most.  0, or -1 with an exception. */
static inline int ps_call_handler(PyObject *sock, int which, PyObject *name, int error) {
    PyObject **own = ps_own_dict(sock);
#if PY_VERSION_HEX < 0x030C0000
    if (*own == NULL && which == 0) { /* 3.11 looks methods up quickly only in objects that have a dict */
        *own = PyDict_New();
        if (*own == NULL) return -1;
    }
#endif
    PyObject *args[3] = {NULL, sock, PyLong_FromLong(error)};
    if (args[2] == NULL) return -1;
    PyObject *handler = NULL, *result;
    if (*own == NULL || !PyDict_Check(*own) || PyDict_GET_SIZE(*own) == 0 || !PyDict_Contains(*own, name))
        handler = ps_find_handler(Py_TYPE(sock), which, name);
    if (handler != NULL) {
        Py_INCREF(handler); /* it may replace itself */
        result = PyObject_Vectorcall(handler, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        Py_DECREF(handler);
    } else {
        result = PyObject_VectorcallMethod(name, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }
    Py_DECREF(args[2]);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Is o a `base`?  For the two methods called most, which are Cython functions: as method descriptors, which check
 * this themselves, their calls cost a tenth of a whole echo's Python more.  The last type that was one is remembered
 * like a handler. */
static inline int ps_is_a(PyObject *o, PyObject *base_object) {
    PyTypeObject *base = (PyTypeObject *)base_object;
    static PyTypeObject *last;
    static unsigned int version;
    PyTypeObject *type = Py_TYPE(o);
    if (type == last && type->tp_version_tag == version && version != 0) return 1;
    if (!PyType_IsSubtype(type, base)) {
        PyErr_Format(PyExc_TypeError, "this method requires a '%s' object but received a '%s'", base->tp_name,
                     type->tp_name);
        return -1;
    }
    last = type;
    version = type->tp_version_tag;
    return 1;
}

/* Is there another Python thread that could run meanwhile? */
static inline int ps_other_threads(void) {
    PyThreadState *head = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    return head != NULL && PyThreadState_Next(head) != NULL;
}

#endif
