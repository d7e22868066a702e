#pragma once
#include <nccl.h>

#include <bit>
#include <cstddef>
#include <cstdint>

// Numbers of NCCL's data types, as its reductions combine them.
namespace sim {

inline size_t SizeOf(ncclDataType_t t) {
  switch (t) {
    case ncclInt8:
    case ncclUint8:
      return 1;
    case ncclFloat16:
    case ncclBfloat16:
      return 2;
    case ncclInt64:
    case ncclUint64:
    case ncclFloat64:
      return 8;
    default:
      return 4;
  }
}

inline float OfBfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }
inline uint16_t ToBfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// The number at `p`.
inline double ReadNumber(const char* p, ncclDataType_t t) {
  switch (t) {
    case ncclFloat32:
      return *(const float*)p;
    case ncclFloat64:
      return *(const double*)p;
    case ncclInt32:
      return *(const int32_t*)p;
    case ncclInt64:
      return *(const int64_t*)p;
    case ncclUint8:
      return *(const uint8_t*)p;
    case ncclFloat16:
      return *(const _Float16*)p;
    case ncclBfloat16:
      return OfBfloat16(*(const uint16_t*)p);
    default:
      return 0;
  }
}

inline void WriteNumber(char* p, ncclDataType_t t, double value) {
  switch (t) {
    case ncclFloat32:
      *(float*)p = value;
      break;
    case ncclFloat64:
      *(double*)p = value;
      break;
    case ncclInt32:
      *(int32_t*)p = value;
      break;
    case ncclInt64:
      *(int64_t*)p = value;
      break;
    case ncclUint8:
      *(uint8_t*)p = value;
      break;
    case ncclFloat16:
      *(_Float16*)p = value;
      break;
    case ncclBfloat16:
      *(uint16_t*)p = ToBfloat16(value);
      break;
    default:
      break;
  }
}

// What `op` makes of two numbers; an average is summed here. A NaN stays one.
inline double Reduced(double a, double b, ncclRedOp_t op) {
  return op == ncclMax ? (b > a || b != b ? b : a) : op == ncclMin ? (b < a || b != b ? b : a) : a + b;
}

}  // namespace sim
