// Elementary functions in double precision out of IEEE +, -, * and /, in one order: the same bits on every machine.
#include "internal.h"
#pragma STDC FP_CONTRACT OFF

static uint64_t bitsOf(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  return bits;
}
static double fromBits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, 8);
  return x;
}

/// log x = e·ln 2 + 2·atanh((m-1)/(m+1)), m in (sqrt(1/2), sqrt 2]; the series up to the 21st power.
double ck_log(double x) {
  if (!(x > 0)) return x == 0 ? -(double)INFINITY : (double)NAN;
  if (x > 0x1.fffffffffffffp1023) return x;
  int64_t e = -1023;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    e -= 54;
  }
  uint64_t bits = bitsOf(x);
  e += (int64_t)(bits >> 52);
  double m = fromBits((bits & 0xfffffffffffffull) | 0x3ff0000000000000ull);
  if (m > 1.4142135623730951) {
    m = m * 0.5;
    e += 1;
  }
  double t = (m - 1.0) / (m + 1.0), u = t * t, s = 0;
  for (int k = 21; k >= 1; k -= 2) s = s * u + 1.0 / k;
  return (double)e * 0.69314718055994531 + 2.0 * t * s;
}

/// e^x = 2^n · e^r, |r| ≤ ln 2 / 2; ln 2 in two parts, so that r is nearly exact; Taylor's series up to the 13th power.
double ck_exp(double x) {
  if (x != x) return x;
  if (x < -708.0) return 0;
  if (x > 709.0) return (double)INFINITY;
  const double magic = 0x1.8p52;  // adding it rounds to an integer
  double n = (x * 1.4426950408889634 + magic) - magic;
  double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double s = 1;
  for (int k = 13; k >= 1; k--) s = 1.0 + s * r / k;
  return s * fromBits((uint64_t)(1023 + (int64_t)n) << 52);
}

/// sin t and cos t for |t| ≤ π/4, Taylor's series up to the 19th and 18th power.
static double shortSin(double t) {
  double u = t * t, s = 1;
  for (int k = 18; k >= 2; k -= 2) s = 1.0 - s * u / (k * (k + 1));
  return t * s;
}
static double shortCos(double t) {
  double u = t * t, s = 1;
  for (int k = 17; k >= 1; k -= 2) s = 1.0 - s * u / (k * (k + 1));
  return s;
}

/// sin(π(x + quarters/2)): the nearest multiple of a quarter turn is taken off exactly.
static double sinQuarters(double x, int64_t quarters) {
  const double magic = 0x1.8p52;
  double n = (2.0 * x + magic) - magic;
  double t = (x - 0.5 * n) * 3.14159265358979323846;
  switch (((int64_t)n + quarters) & 3) {
    case 0: return shortSin(t);
    case 1: return shortCos(t);
    case 2: return -shortSin(t);
    default: return -shortCos(t);
  }
}
double ck_sinpi(double x) { return sinQuarters(x, 0); }
double ck_cospi(double x) { return sinQuarters(x, 1); }

extern float ck_expf_plain(float x);
float ck_expf(float x) { return ck_expf_plain(x); }
