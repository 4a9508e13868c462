// Names of what user-level code says to the system: hints, barriers, prefetches, cache maintenance, system registers. Whatever is not
// here has a generic spelling, so these tables need not be complete.
using System.Collections.Generic;
using System.Globalization;

namespace MiniJit.Backend.Arm64;

internal static class SystemNames
{
    private static readonly Dictionary<int, string> s_hints = new()
    {
        [0] = "nop", [1] = "yield", [2] = "wfe", [3] = "wfi", [4] = "sev", [5] = "sevl", [6] = "dgh", [7] = "xpaclri", [8] = "pacia1716",
        [10] = "pacib1716", [12] = "autia1716", [14] = "autib1716", [16] = "esb", [17] = "psb csync", [18] = "tsb csync", [20] = "csdb",
        [24] = "paciaz", [25] = "paciasp", [26] = "pacibz", [27] = "pacibsp", [28] = "autiaz", [29] = "autiasp", [30] = "autibz",
        [31] = "autibsp", [32] = "bti", [34] = "bti c", [36] = "bti j", [38] = "bti jc",
    };

    private static readonly string?[] s_barriers =
        [null, "oshld", "oshst", "osh", null, "nshld", "nshst", "nsh", null, "ishld", "ishst", "ish", null, "ld", "st", "sy"];

    private static readonly string[] s_prefetchTypes = ["pld", "pli", "pst"], s_prefetchPolicies = ["keep", "strm"];

    /// <summary>By op1:CRn:CRm:op2.</summary>
    private static readonly Dictionary<int, string> s_operations = new()
    {
        [Operation(0, 7, 1, 0)] = "ic ialluis", [Operation(0, 7, 5, 0)] = "ic iallu", [Operation(3, 7, 5, 1)] = "ic ivau",
        [Operation(3, 7, 4, 1)] = "dc zva", [Operation(0, 7, 6, 1)] = "dc ivac", [Operation(0, 7, 6, 2)] = "dc isw",
        [Operation(3, 7, 10, 1)] = "dc cvac", [Operation(0, 7, 10, 2)] = "dc csw", [Operation(3, 7, 11, 1)] = "dc cvau",
        [Operation(3, 7, 12, 1)] = "dc cvap", [Operation(3, 7, 13, 1)] = "dc cvadp", [Operation(3, 7, 14, 1)] = "dc civac", [Operation(0, 7, 14, 2)] = "dc cisw",
    };

    /// <summary>By o0:op1:CRn:CRm:op2.</summary>
    private static readonly Dictionary<int, string> s_registers = new()
    {
        [Register(3, 0, 0, 0, 0)] = "MIDR_EL1", [Register(3, 0, 0, 0, 5)] = "MPIDR_EL1", [Register(3, 0, 0, 4, 0)] = "ID_AA64PFR0_EL1",
        [Register(3, 0, 0, 4, 1)] = "ID_AA64PFR1_EL1", [Register(3, 0, 0, 6, 0)] = "ID_AA64ISAR0_EL1", [Register(3, 0, 0, 6, 1)] = "ID_AA64ISAR1_EL1",
        [Register(3, 0, 0, 7, 0)] = "ID_AA64MMFR0_EL1", [Register(3, 0, 0, 7, 1)] = "ID_AA64MMFR1_EL1", [Register(3, 0, 0, 7, 2)] = "ID_AA64MMFR2_EL1",
        [Register(3, 3, 0, 0, 1)] = "CTR_EL0", [Register(3, 3, 0, 0, 7)] = "DCZID_EL0", [Register(3, 3, 4, 2, 0)] = "NZCV", [Register(3, 3, 4, 2, 1)] = "DAIF",
        [Register(3, 3, 4, 4, 0)] = "FPCR", [Register(3, 3, 4, 4, 1)] = "FPSR", [Register(3, 3, 13, 0, 2)] = "TPIDR_EL0", [Register(3, 3, 13, 0, 3)] = "TPIDRRO_EL0",
        [Register(3, 3, 14, 0, 0)] = "CNTFRQ_EL0", [Register(3, 3, 14, 0, 1)] = "CNTPCT_EL0", [Register(3, 3, 14, 0, 2)] = "CNTVCT_EL0",
        [Register(3, 3, 9, 13, 0)] = "PMCCNTR_EL0", [Register(3, 3, 4, 2, 5)] = "DIT", [Register(3, 3, 4, 2, 6)] = "SSBS",
    };

    /// <summary>Number of the register with these op0 (2 or 3), op1, CRn, CRm and op2, as MRS and MSR hold it.</summary>
    public static int Register(int op0, int op1, int crn, int crm, int op2) => ((op0 & 1) << 14) | Operation(op1, crn, crm, op2);

    /// <summary>Number of the operation with these op1, CRn, CRm and op2, as SYS holds it.</summary>
    public static int Operation(int op1, int crn, int crm, int op2) => (op1 << 11) | (crn << 7) | (crm << 3) | op2;

    /// <summary>The instruction that a hint is, or null.</summary>
    public static string? Hint(long number) => s_hints.GetValueOrDefault((int)number);

    /// <summary>Domain and direction of a barrier.</summary>
    public static string Barrier(long option) => s_barriers[option] ?? string.Create(CultureInfo.InvariantCulture, $"#{option}");

    /// <summary>Type, level and policy of a prefetch.</summary>
    public static string Prefetch(int operation)
    {
        int type = operation >> 3, level = ((operation >> 1) & 3) + 1;
        return type < s_prefetchTypes.Length && level <= 3
            ? string.Create(CultureInfo.InvariantCulture, $"{s_prefetchTypes[type]}l{level}{s_prefetchPolicies[operation & 1]}")
            : string.Create(CultureInfo.InvariantCulture, $"#{operation}");
    }

    /// <summary>The maintenance instruction that a SYS is, or null.</summary>
    public static string? SystemOperation(long number) => s_operations.GetValueOrDefault((int)number);

    public static string SystemRegister(long number)
    {
        int n = (int)number;
        return s_registers.TryGetValue(n, out string? name)
            ? name
            : string.Create(CultureInfo.InvariantCulture, $"S{2 + (n >> 14)}_{(n >> 11) & 7}_C{(n >> 7) & 15}_C{(n >> 3) & 15}_{n & 7}");
    }
}
