# C functions only: arguments.pxd has them.
