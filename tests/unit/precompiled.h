// Precompiled for the unit tests: see precompiled.h at the top.
#include "../../precompiled.h"

#include <doctest/doctest.h>
