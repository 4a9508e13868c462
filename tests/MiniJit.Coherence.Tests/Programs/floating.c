/* Floating point: printing and reading, elementary functions, linear algebra, an integrator, special values, conversions. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double special[] = {
    0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 1.0 / 3.0, 1e-310, -4.9e-324, 2.2250738585072014e-308, DBL_MAX, -DBL_MAX, 1e300, 4503599627370497.5,
    9007199254740993.0, 2147483647.5, -2147483648.5, 4294967295.5, 9223372036854775808.0, 18446744073709551616.0, INFINITY, -INFINITY,
};

static uint64_t bits(double d)
{
    uint64_t u;
    memcpy(&u, &d, 8);
    return u;
}

static uint32_t fbits(float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    return u;
}

static void printing(void)
{
    for (unsigned i = 0; i < sizeof special / sizeof special[0]; i++)
    {
        double d = special[i];
        printf("%g %.17g %e %a %.3f\n", d, d, d, d, fabs(d) < 1e20 ? d : 0.0);
        char text[64];
        snprintf(text, sizeof text, "%.17g", d);
        printf("  %016llx %016llx\n", (unsigned long long)bits(d), (unsigned long long)bits(strtod(text, NULL)));
    }
    static const char *const texts[] = {"3.14159265358979323846", "1e-400", "1e400", "0x1.8p3", "-inf", "123456789012345678901234567890", "4.35", "2.2250738585072011e-308"};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
    {
        double d = strtod(texts[i], NULL);
        float f = strtof(texts[i], NULL);
        printf("%s = %.17g %016llx %.9g %08x\n", texts[i], d, (unsigned long long)bits(d), f, fbits(f));
    }
}

static void rounding(void)
{
    for (unsigned i = 0; i < sizeof special / sizeof special[0]; i++)
    {
        volatile double d = special[i];
        printf("%g: %g %g %g %g %g %g\n", d, floor(d), ceil(d), trunc(d), round(d), rint(d), sqrt(fabs(d)));
        volatile float f = (float)d;
        printf("   %08x %08x %016llx\n", fbits(f), fbits(floorf(f)), (unsigned long long)bits((double)f));
        if (fabs(d) < 9e18)
        {
            printf("   %d %lld %u %llu %ld %lld\n", fabs(d) < 2e9 ? (int)d : 0, (long long)d, d >= 0 && d < 4e9 ? (unsigned)d : 0,
                   d >= 0 ? (unsigned long long)d : 0, lrint(d), llround(d));
        }
    }
    for (int64_t i = 1; i < INT64_MAX / 37; i *= 37)
    {
        printf("%.17g %.9g %.17g %.9g\n", (double)-i, (float)-i, (double)(uint64_t)(i * 3), (float)(uint32_t)i);
    }
}

static void functions(void)
{
    for (double x = -3.7; x < 4; x += 0.9)
    {
        printf("%+.2f %.15g %.15g %.15g %.15g %.15g\n", x, sin(x), cos(x), tan(x), exp(x), atan2(x, 1.5));
        printf("      %.15g %.15g %.15g %.15g %.15g\n", log(x * x + 0.1), pow(fabs(x), 1.7), cbrt(x), sinh(x), fmod(x, 0.7));
        printf("      %.9g %.9g %.9g %.9g\n", sinf((float)x), expf((float)x), logf((float)(x * x) + 0.5f), powf(fabsf((float)x), 0.3f));
        int exponent;
        double fraction = frexp(x, &exponent);
        printf("      %.15g %d %.15g %.15g %.15g\n", fraction, exponent, ldexp(x, 70), hypot(x, 2), fma(x, x, -x));
    }
}

static void comparing(void)
{
    static const double values[] = {-INFINITY, -1, -0.0, 0.0, 1, INFINITY, NAN};
    for (int i = 0; i < 7; i++)
    {
        for (int j = 0; j < 7; j++)
        {
            volatile double a = values[i], b = values[j];
            printf("%d", (a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3 | (a > b) << 4 | (a >= b) << 5 | !!isunordered(a, b) << 6);
            printf(j == 6 ? "\n" : " ");
        }
    }
    for (int i = 0; i < 7; i++)
    {
        printf("%g %g %g\n", fmin(values[i], 0.5), fmax(values[i], 0.5), fabs(copysign(values[i], -1)));
    }
}

enum { SIZE = 12 };

static void linear(void)
{
    double a[SIZE][SIZE + 1], x[SIZE];
    for (int i = 0; i < SIZE; i++)
    {
        for (int j = 0; j < SIZE; j++)
        {
            a[i][j] = 1.0 / (i + j + 1) + (i == j);
        }
        a[i][SIZE] = i + 1;
    }
    for (int k = 0; k < SIZE; k++)
    {
        int pivot = k;
        for (int i = k + 1; i < SIZE; i++)
        {
            pivot = fabs(a[i][k]) > fabs(a[pivot][k]) ? i : pivot;
        }
        for (int j = 0; j <= SIZE; j++)
        {
            double t = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = t;
        }
        for (int i = k + 1; i < SIZE; i++)
        {
            double f = a[i][k] / a[k][k];
            for (int j = k; j <= SIZE; j++)
            {
                a[i][j] -= f * a[k][j];
            }
        }
    }
    for (int i = SIZE - 1; i >= 0; i--)
    {
        x[i] = a[i][SIZE];
        for (int j = i + 1; j < SIZE; j++)
        {
            x[i] -= a[i][j] * x[j];
        }
        x[i] /= a[i][i];
        printf("x%d = %.12f\n", i, x[i]);
    }
}

static void orbit(void)
{
    double px = 1, py = 0, vx = 0, vy = 1.1;
    float fx = 1, fy = 0, ux = 0, uy = 1.1f;
    for (int i = 0; i < 5000; i++)
    {
        double r = sqrt(px * px + py * py), g = -1 / (r * r * r) * 0.002;
        vx += px * g;
        vy += py * g;
        px += vx * 0.002;
        py += vy * 0.002;
        float s = sqrtf(fx * fx + fy * fy), h = -1 / (s * s * s) * 0.002f;
        ux += fx * h;
        uy += fy * h;
        fx += ux * 0.002f;
        fy += uy * 0.002f;
    }
    printf("%.15g %.15g %.15g %.15g\n%.8g %.8g %.8g %.8g\n", px, py, vx, vy, fx, fy, ux, uy);
}

int main(void)
{
    printing();
    rounding();
    functions();
    comparing();
    linear();
    orbit();
    return 0;
}
