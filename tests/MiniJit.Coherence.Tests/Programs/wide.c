/* 64 and 128-bit integers: division at the edges, shifts, bit tricks, overflow, big numbers, primes, atomics. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;
typedef __int128 i128;

static const int64_t edges[] = {0, 1, -1, 2, -2, 7, -7, 63, 127, -128, 255, 32767, -32768, 65536, 2147483647, -2147483648LL, 4294967295LL, 4294967296LL, INT64_MAX, INT64_MIN};
enum { EDGES = sizeof edges / sizeof edges[0] };

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static void arithmetic(void)
{
    uint64_t h = 0;
    for (int i = 0; i < EDGES; i++)
    {
        for (int j = 0; j < EDGES; j++)
        {
            volatile int64_t a = edges[i], b = edges[j];
            volatile uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
            int64_t sum, difference, product;
            int carries = __builtin_add_overflow(a, b, &sum) | __builtin_sub_overflow(a, b, &difference) << 1 | __builtin_mul_overflow(a, b, &product) << 2;
            h = mix(mix(mix(mix(h, (uint64_t)sum), (uint64_t)difference), (uint64_t)product), (uint64_t)carries);
            if (b != 0)
            {
                h = mix(h, ua / ub * 3 + ua % ub);
                h = mix(h, (uint32_t)ub ? (uint32_t)ua / (uint32_t)ub : 5);
                if (!(a == INT64_MIN && b == -1))
                {
                    h = mix(h, (uint64_t)(a / b * 5 + a % b));
                }
                if ((int32_t)b != 0 && !((int32_t)a == INT32_MIN && (int32_t)b == -1))
                {
                    h = mix(h, (uint64_t)((int32_t)a / (int32_t)b + (int32_t)a % (int32_t)b));
                }
            }
            h = mix(h, ua << (b & 63) ^ ua >> (b & 63) ^ (uint64_t)(a >> (b & 63)));
            h = mix(h, (uint32_t)ua << (b & 31) ^ (uint32_t)ua >> (b & 31) ^ (uint32_t)((int32_t)a >> (b & 31)));
            h = mix(h, (uint64_t)((a < b) + 2 * (ua < ub) + 4 * ((int8_t)a < (int16_t)b) + 8 * ((uint8_t)a >= (uint16_t)b)));
            u128 wide = (u128)ua * ub;
            i128 swide = (i128)a * b;
            h = mix(mix(h, (uint64_t)(wide >> 64)), (uint64_t)(swide >> 64));
            if (ub != 0)
            {
                u128 dividend = wide << 3 ^ ua;
                h = mix(mix(h, (uint64_t)(dividend / ub)), (uint64_t)(dividend % ub));
            }
        }
        printf("%2d %016llx\n", i, (unsigned long long)h);
    }
}

static void bit_tricks(void)
{
    uint64_t h = 0;
    for (uint64_t x = 1, i = 0; i < 2000; i++, x = x * 6364136223846793005u + 1442695040888963407u)
    {
        uint32_t w = (uint32_t)(x >> 32);
        h = mix(h, (uint64_t)__builtin_clzll(x | 1) + ((uint64_t)__builtin_ctzll(x | 1ull << 63) << 8) + ((uint64_t)__builtin_popcountll(x) << 16));
        h = mix(h, (uint64_t)__builtin_clz(w | 1) + ((uint64_t)__builtin_ctz(w | 1u << 31) << 8) + ((uint64_t)__builtin_popcount(w) << 16));
        h = mix(h, __builtin_bswap64(x) ^ __builtin_bswap32(w) ^ __builtin_bswap16((uint16_t)w));
        h = mix(h, (x & 0x00ff00ff00ff00ffu) | (x >> 3 & 0x1f) << 40);
        h = mix(h, (uint64_t)(int8_t)x ^ (uint64_t)(int16_t)w ^ (uint64_t)(int32_t)w);
        h = mix(h, (x >> 13 & 0x7ff) ^ (uint64_t)((int64_t)(x << 5) >> 51) ^ (x << 17 | x >> 47));
        h = mix(h, w >> 5 | w << 27);
    }
    printf("bits %016llx\n", (unsigned long long)h);
}

enum { LIMBS = 40 };

static void factorial(int n)
{
    uint32_t limbs[LIMBS] = {1};
    for (int i = 2; i <= n; i++)
    {
        uint64_t carry = 0;
        for (int k = 0; k < LIMBS; k++)
        {
            carry += (uint64_t)limbs[k] * (uint32_t)i;
            limbs[k] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    char digits[400];
    int length = 0;
    for (;;)
    {
        uint64_t rest = 0;
        int any = 0;
        for (int k = LIMBS - 1; k >= 0; k--)
        {
            rest = rest << 32 | limbs[k];
            limbs[k] = (uint32_t)(rest / 10);
            rest %= 10;
            any |= limbs[k] != 0;
        }
        digits[length++] = (char)('0' + rest);
        if (!any)
        {
            break;
        }
    }
    printf("%d! = ", n);
    while (length > 0)
    {
        putchar(digits[--length]);
    }
    putchar('\n');
}

static uint64_t power_mod(uint64_t base, uint64_t exponent, uint64_t modulus)
{
    uint64_t result = 1;
    for (base %= modulus; exponent; exponent >>= 1)
    {
        if (exponent & 1)
        {
            result = (uint64_t)((u128)result * base % modulus);
        }
        base = (uint64_t)((u128)base * base % modulus);
    }
    return result;
}

static int is_prime(uint64_t n)
{
    static const uint64_t witnesses[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    if (n < 38)
    {
        for (int i = 0; i < 12; i++)
        {
            if (n == witnesses[i])
            {
                return 1;
            }
        }
        return 0;
    }
    uint64_t d = n - 1;
    int r = __builtin_ctzll(d);
    d >>= r;
    for (int i = 0; i < 12; i++)
    {
        uint64_t x = power_mod(witnesses[i], d, n);
        if (x == 1 || x == n - 1)
        {
            continue;
        }
        int k = 1;
        for (; k < r && x != n - 1; k++)
        {
            x = (uint64_t)((u128)x * x % n);
        }
        if (x != n - 1)
        {
            return 0;
        }
    }
    return 1;
}

static void atomics(void)
{
    static _Atomic uint64_t counter = 5;
    static _Atomic uint32_t word = 7;
    static _Atomic uint8_t byte = 9;
    static atomic_flag flag = ATOMIC_FLAG_INIT;
    uint64_t a = atomic_fetch_add(&counter, 10), b = atomic_exchange(&counter, 99), expected = 98;
    int first = atomic_compare_exchange_strong(&counter, &expected, 1);
    int second = atomic_compare_exchange_strong(&counter, &expected, 1);
    uint32_t c = atomic_fetch_or(&word, 8), d = atomic_fetch_and_explicit(&word, 12, memory_order_relaxed), e = atomic_fetch_xor(&word, 5);
    uint8_t f = (uint8_t)atomic_fetch_sub(&byte, 20);
    int was = atomic_flag_test_and_set(&flag), is = atomic_flag_test_and_set(&flag);
    printf("%llu %llu %d %llu %d %llu %u %u %u %u %u %u %d %d\n", (unsigned long long)a, (unsigned long long)b, first, (unsigned long long)expected, second,
           (unsigned long long)atomic_load(&counter), c, d, e, atomic_load(&word), f, atomic_load(&byte), was, is);
}

int main(void)
{
    arithmetic();
    bit_tricks();
    factorial(20);
    factorial(100);
    printf("%d%d%d%d%d\n", is_prime(2), is_prime(561), is_prime(1000000007), is_prime(18446744073709551557u), is_prime(18446744073709551556u));
    int count = 0;
    for (uint64_t n = 1000000000000u; n < 1000000000000u + 400; n++)
    {
        count += is_prime(n);
    }
    printf("%d\n", count);
    atomics();
    return 40 + (count & 3);
}
