#pragma once
// Files with modules or functions that have a backward of their own.
#include "scripts/cmake/pch_plain.h"
#include "src/nn/module.h"
