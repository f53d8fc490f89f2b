#ifndef PATTERNALARM_EXPONENTIAL_H
#define PATTERNALARM_EXPONENTIAL_H

#include <stdint.h>

/// e to the power of x, the same bits on every processor (C libraries choose fused instructions where there are any);
/// within 1 unit in the last place of the exact value where that is not subnormal.
///
/// x = k ln 2 + r with |r| <= ln 2 / 2, and the Taylor series of e^r to the 13th power.
static inline double pa_exp(double x) {
#pragma STDC FP_CONTRACT OFF
    if (x != x) return x;
    if (x > 709.8) return __builtin_inf();
    if (x < -745.2) return 0;
    double shifted = x * 0x1.71547652b82fep+0 + 0x1.8p52;
    double k = shifted - 0x1.8p52;
    double r = x - k * 0x1.62e42feep-1;
    r = r - k * 0x1.a39ef35793c76p-33;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r * r + r + 1.0;
    // Two factors, because 2^k alone may be too large or too small.
    int64_t power = (int64_t)k;
    int64_t half = power / 2;
    uint64_t first = (uint64_t)(half + 1023) << 52;
    uint64_t second = (uint64_t)(power - half + 1023) << 52;
    double a, b;
    __builtin_memcpy(&a, &first, 8);
    __builtin_memcpy(&b, &second, 8);
    return p * a * b;
}

#endif
