// The x86-64 settings (settings reference, section 2): 19 CPU features, 67 presets, and what the code generator may use.
// Features are independent of one another when named; which instructions they unlock is a conjunction, written once below.
// A set of features is one word, so "is everything the target asks for present here" is one AND.
using System;
using MiniJit.Codegen.Settings;
using static MiniJit.Backend.X64.X64Features;
using static MiniJit.Codegen.Settings.SettingDescriptor;
using X86 = System.Runtime.Intrinsics.X86;
using X86Base = System.Runtime.Intrinsics.X86.X86Base;

namespace MiniJit.Backend.X64;

/// <summary>CPU features beyond SSE2; bit <c>i</c> is row <c>i</c> of the settings table.</summary>
[Flags]
public enum X64Features : uint
{
#pragma warning disable CS1591 // each is the CPUID feature of that name
    None = 0,
    Sse3 = 1 << 0,
    Ssse3 = 1 << 1,
    Sse41 = 1 << 2,
    Sse42 = 1 << 3,
    Popcnt = 1 << 4,
    Lzcnt = 1 << 5,
    Bmi1 = 1 << 6,
    Bmi2 = 1 << 7,
    Cmpxchg16b = 1 << 8,
    Avx = 1 << 9,
    Avx2 = 1 << 10,
    Fma = 1 << 11,
    AvxVnni = 1 << 12,
    Avx512F = 1 << 13,
    Avx512VL = 1 << 14,
    Avx512DQ = 1 << 15,
    Avx512Bitalg = 1 << 16,
    Avx512Vbmi = 1 << 17,
    Avx512Vnni = 1 << 18,
#pragma warning restore CS1591
}

/// <summary>Which CPU features compiled code may use. Immutable.</summary>
/// <param name="Features">The features that are switched on.</param>
public readonly record struct X64Settings(X64Features Features)
{
    private const X64Features
        S1 = Sse3 | Ssse3,
        S2 = S1 | Sse41 | Sse42,
        C = Cmpxchg16b,
        P = Popcnt,
        B = Bmi1 | Bmi2 | Lzcnt,
        X2 = S2 | C | P,
        Alderlake = X2 | B | Fma | AvxVnni,
        Haswell = X2 | B | Avx | Avx2 | Fma,
        SkylakeAvx512 = Haswell | Avx512F | Avx512DQ | Avx512VL,
        Cannonlake = SkylakeAvx512 | Avx512Vbmi,
        Icelake = Cannonlake | Avx512Bitalg | Avx512Vnni,
        Btver1 = S1 | C | P | Lzcnt,
        Bdver2 = Btver1 | Bmi1,
        Znver1 = X2 | B | Fma,
        X3 = X2 | B | Fma | Avx2;

    private static readonly SettingDescriptor[] s_rows =
    [
        Bool("has_sse3", false, "SSE3."),
        Bool("has_ssse3", false, "SSSE3."),
        Bool("has_sse41", false, "SSE4.1."),
        Bool("has_sse42", false, "SSE4.2."),
        Bool("has_popcnt", false, "POPCNT."),
        Bool("has_lzcnt", false, "LZCNT."),
        Bool("has_bmi1", false, "BMI1."),
        Bool("has_bmi2", false, "BMI2."),
        Bool("has_cmpxchg16b", false, "CMPXCHG16B."),
        Bool("has_avx", false, "AVX."),
        Bool("has_avx2", false, "AVX2."),
        Bool("has_fma", false, "FMA3."),
        Bool("has_avx_vnni", false, "AVX-VNNI."),
        Bool("has_avx512f", false, "AVX-512 Foundation."),
        Bool("has_avx512vl", false, "AVX-512 Vector Length."),
        Bool("has_avx512dq", false, "AVX-512 Doubleword and Quadword."),
        Bool("has_avx512bitalg", false, "AVX-512 BITALG."),
        Bool("has_avx512vbmi", false, "AVX-512 VBMI."),
        Bool("has_avx512vnni", false, "AVX-512 VNNI."),
    ];

    // The gaps (no avx in alderlake, znver1, x86-64-v3; no SSE3 in knl) are those of the reference's table.
    private static readonly SettingPreset[] s_presets = Presets(
        ("baseline x86-64 opteron k8 athlon64 athlon-fx", None),
        ("sse3", Sse3),
        ("ssse3", S1),
        ("sse41", S1 | Sse41),
        ("sse42", S2),
        ("nocona core2 opteron-sse3 k8-sse3 athlon64-sse3", Sse3 | C),
        ("penryn", S1 | Sse41 | C),
        ("atom bonnell", S1 | C),
        ("silvermont slm goldmont goldmont-plus tremont nehalem corei7 westmere x86-64-v2", X2),
        ("sandybridge corei7-avx ivybridge core-avx-i", X2 | Avx),
        ("alderlake sierraforest grandridge raptorlake meteorlake", Alderlake),
        ("haswell core-avx2 broadwell skylake", Haswell),
        ("knl knm", C | P | B | Fma | Avx512F),
        ("skylake-avx512 skx", SkylakeAvx512),
        ("cascadelake cooperlake", SkylakeAvx512 | Avx512Vnni),
        ("cannonlake", Cannonlake),
        ("icelake-client icelake icelake-server tigerlake sapphirerapids graniterapids", Icelake),
        ("barcelona amdfam10", C | P | Lzcnt),
        ("btver1 bdver1", Btver1),
        ("btver2", Btver1 | Avx | Bmi1),
        ("bdver2 bdver3", Bdver2),
        ("bdver4", Bdver2 | Avx2 | Bmi2),
        ("znver1 znver2 znver3", Znver1),
        ("znver4", Znver1 | Avx512Bitalg | Avx512DQ | Avx512F | Avx512Vbmi | Avx512VL),
        ("x86-64-v3", X3),
        ("x86-64-v4", X3 | Avx512DQ | Avx512VL));

    /// <summary>Takes the values of a builder of <see cref="Group"/>.</summary>
    /// <exception cref="ArgumentException">The builder is of another group.</exception>
    public X64Settings(SettingsBuilder builder)
        : this(FeaturesOf(builder))
    {
    }

    /// <summary>The table.</summary>
    public static SettingsGroup Group { get; } = new("x86_64", s_rows, s_presets);

    /// <summary>The features of the CPU and operating system this process runs on; none on another architecture.</summary>
    public static X64Features HostFeatures { get; } = DetectHost();

    /// <summary>Whether the host has everything that these settings switch on.</summary>
    public bool RunOnHost => (Features & ~HostFeatures) == 0;

    /// <summary>MOVDDUP and friends.</summary>
    public bool UseSse3 => Has(Sse3);

    /// <summary>PSHUFB, PALIGNR, PABS.</summary>
    public bool UseSsse3 => Has(Ssse3);

    /// <summary>ROUNDSS, PINSR, PEXTR, PMOVSX, blends.</summary>
    public bool UseSse41 => Has(Sse41);

    /// <summary>PCMPGTQ.</summary>
    public bool UseSse42 => Has(Sse41 | Sse42);

    /// <summary>POPCNT.</summary>
    public bool UsePopcnt => Has(Popcnt | Sse42);

    /// <summary>LZCNT.</summary>
    public bool UseLzcnt => Has(Lzcnt);

    /// <summary>TZCNT, ANDN, BLSI, BLSR, BLSMSK.</summary>
    public bool UseBmi1 => Has(Bmi1);

    /// <summary>SHLX, SHRX, SARX, RORX, MULX, BZHI.</summary>
    public bool UseBmi2 => Has(Bmi2);

    /// <summary>CMPXCHG16B.</summary>
    public bool UseCmpxchg16b => Has(Cmpxchg16b);

    /// <summary>VEX encodings on 128-bit registers.</summary>
    public bool UseAvx => Has(Avx);

    /// <summary>Integer broadcasts and variable shifts.</summary>
    public bool UseAvx2 => Has(Avx | Avx2);

    /// <summary>Fused multiply-add.</summary>
    public bool UseFma => Has(Avx | Fma);

    /// <summary>VEX-encoded VPDPBUSD.</summary>
    public bool UseAvxVnni => Has(Avx | AvxVnni);

    /// <summary>EVEX encodings on 128-bit registers.</summary>
    public bool UseAvx512VL => Has(Avx512VL);

    /// <summary>128-bit forms of AVX-512 Foundation instructions.</summary>
    public bool UseAvx512F => Has(Avx512F | Avx512VL);

    /// <summary>VPMULLQ, VCVTQQ2PD.</summary>
    public bool UseAvx512DQ => Has(Avx512DQ | Avx512VL);

    /// <summary>VPOPCNTB.</summary>
    public bool UseAvx512Bitalg => Has(Avx512Bitalg | Avx512VL);

    /// <summary>VPERMI2B.</summary>
    public bool UseAvx512Vbmi => Has(Avx512Vbmi | Avx512VL);

    /// <summary>EVEX-encoded VPDPBUSD.</summary>
    public bool UseAvx512Vnni => Has(Avx512Vnni | Avx512VL);

    /// <summary>A builder that starts with these values.</summary>
    public SettingsBuilder ToBuilder()
    {
        SettingsBuilder builder = new(Group);
        for (int i = 0; i < s_rows.Length; i++)
        {
            builder.SetRaw(i, (byte)(((uint)Features >> i) & 1));
        }

        return builder;
    }

    /// <summary>Names of the features that the host lacks, separated by blanks.</summary>
    public string MissingOnHost() => Group.NamesOf((uint)(Features & ~HostFeatures));

    private bool Has(X64Features all) => (Features & all) == all;

    private static X64Features FeaturesOf(SettingsBuilder builder)
    {
        if (builder.Group != Group)
        {
            throw new ArgumentException($"settings of group '{builder.Group.Name}'", nameof(builder));
        }

        uint features = 0;
        for (int i = 0; i < builder.Values.Length; i++)
        {
            features |= (uint)builder.Values[i] << i;
        }

        return (X64Features)features;
    }

    private static SettingPreset[] Presets(params ReadOnlySpan<(string Names, X64Features Features)> rows)
    {
        SettingPreset[] presets = new SettingPreset[67];
        int count = 0;
        foreach ((string names, X64Features features) in rows)
        {
            foreach (string name in names.Split(' '))
            {
                presets[count++] = new(name, (ulong)features);
            }
        }

        return presets;
    }

    /// <summary>
    /// CPUID says what the CPU has; the framework's <c>IsSupported</c> says whether the operating system saves the wide registers
    /// (XCR0), without which AVX and AVX-512 instructions fault.
    /// </summary>
    private static X64Features DetectHost()
    {
        if (!X86Base.X64.IsSupported)
        {
            return None;
        }

        int leaves = X86Base.CpuId(0, 0).Eax;
        var (_, _, ecx1, _) = X86Base.CpuId(1, 0);
        var (_, ebx7, ecx7, _) = leaves >= 7 ? X86Base.CpuId(7, 0) : default;
        int subleaves7 = leaves >= 7 ? X86Base.CpuId(7, 0).Eax : 0;
        int eax7Sub1 = subleaves7 >= 1 ? X86Base.CpuId(7, 1).Eax : 0;
        uint extended = (uint)X86Base.CpuId(unchecked((int)0x8000_0000), 0).Eax;
        int ecxExtended = extended >= 0x8000_0001 ? X86Base.CpuId(unchecked((int)0x8000_0001), 0).Ecx : 0;
        bool avx = X86.Avx.IsSupported;
        bool avx512 = X86.Avx512F.IsSupported;

        X64Features found = None;
        Add(ecx1, 0, Sse3);
        Add(ecx1, 9, Ssse3);
        Add(ecx1, 19, Sse41);
        Add(ecx1, 20, Sse42);
        Add(ecx1, 23, Popcnt);
        Add(ecx1, 13, Cmpxchg16b);
        Add(ecxExtended, 5, Lzcnt);
        Add(ebx7, 3, Bmi1);
        Add(ebx7, 8, Bmi2);
        if (avx)
        {
            Add(ecx1, 28, Avx);
            Add(ecx1, 12, Fma);
            Add(ebx7, 5, Avx2);
            Add(eax7Sub1, 4, AvxVnni);
        }

        if (avx512)
        {
            Add(ebx7, 16, Avx512F);
            Add(ebx7, 17, Avx512DQ);
            Add(ebx7, 31, Avx512VL);
            Add(ecx7, 1, Avx512Vbmi);
            Add(ecx7, 11, Avx512Vnni);
            Add(ecx7, 12, Avx512Bitalg);
        }

        return found;

        void Add(int register, int bit, X64Features feature) => found |= ((register >> bit) & 1) != 0 ? feature : None;
    }
}
