/* Classes that users import from pysock say so: in reprs, help and pickles, wherever in pysock._core they are made. */

#ifndef PS_PYPUBLIC_H
#define PS_PYPUBLIC_H

#include <Python.h>
#include <string.h>

static int ps_public(PyObject *cls)
{
    static const char house[] = "pysock.";
    PyTypeObject *type = (PyTypeObject *)cls;
    const char *name = strrchr(type->tp_name, '.');
    char *full;

    if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        PyObject *module = PyUnicode_FromString("pysock");
        int failed = module == NULL || PyObject_SetAttrString(cls, "__module__", module);

        Py_XDECREF(module);
        return failed ? -1 : 0;
    }
    name = name == NULL ? type->tp_name : name + 1;
    if (strlen(type->tp_name) == sizeof house - 1 + strlen(name)) /* another interpreter's import did it */
        return 0;
    full = PyMem_RawMalloc(sizeof house + strlen(name)); /* lives as long as the type: for ever */
    if (full == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    strcat(strcpy(full, house), name);
    type->tp_name = full;
    PyType_Modified(type);
    return 0;
}

#endif
