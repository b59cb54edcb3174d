/* libFuzzer around tests/fuzz/target.py: an embedded Python whose pysock is built with clang's coverage and sanitizers.
   An exception that the target lets through is a crash. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>

static PyObject *target;

static void give_up(const char *what) {
    fprintf(stderr, "%s\n", what);
    if (PyErr_Occurred()) PyErr_Print();
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc; (void)argv;
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = 0; /* they are libFuzzer's */
    config.write_bytecode = 0;
    const char *python = getenv("PYSOCK_FUZZ_PYTHON"); /* of the environment that pysock is installed in */
    if (!python) give_up("PYSOCK_FUZZ_PYTHON is not set");
    PyConfig_SetBytesString(&config, &config.program_name, python);
    if (PyStatus_Exception(Py_InitializeFromConfig(&config))) give_up("Python does not start");
    PyObject *path = PySys_GetObject("path"), *here = PyUnicode_FromString(".");
    if (!path || !here || PyList_Insert(path, 0, here)) give_up("sys.path");
    PyObject *module = PyImport_ImportModule("tests.fuzz.target");
    if (!module || !(target = PyObject_GetAttrString(module, "one"))) give_up("tests.fuzz.target");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    PyObject *result = bytes ? PyObject_CallOneArg(target, bytes) : NULL;
    if (!result) give_up("the target raised");
    Py_DECREF(result);
    Py_DECREF(bytes);
    return 0;
}
