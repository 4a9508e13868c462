// The aarch64 settings (settings reference, section 3). The baseline is Armv8-A with Advanced SIMD.
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using MiniJit.Codegen.Settings;
using static MiniJit.Codegen.Settings.SettingDescriptor;

namespace MiniJit.Backend.Arm64;

/// <summary>CPU features and code-shape choices; bit <c>i</c> is row <c>i</c> of the settings table.</summary>
[Flags]
public enum Arm64Features : uint
{
    /// <summary>The baseline.</summary>
    None = 0,

    /// <summary>FEAT_LSE: single-instruction atomics.</summary>
    Lse = 1 << 0,

    /// <summary>FEAT_PAuth: the non-hint forms of pointer authentication exist.</summary>
    Pauth = 1 << 1,

    /// <summary>FEAT_FP16: half-precision arithmetic.</summary>
    Fp16 = 1 << 2,

    /// <summary>FEAT_DotProd: SDOT and UDOT.</summary>
    Dotprod = 1 << 3,

    /// <summary>FEAT_I8MM: USDOT.</summary>
    I8mm = 1 << 4,

    /// <summary>Sign the return address in functions that set up a frame (hint encodings, run anywhere).</summary>
    SignReturnAddress = 1 << 5,

    /// <summary>Also in frameless functions.</summary>
    SignReturnAddressAll = 1 << 6,

    /// <summary>With the B key.</summary>
    SignReturnAddressWithBKey = 1 << 7,

    /// <summary>Emit branch-target landing pads.</summary>
    UseBti = 1 << 8,

    /// <summary>Use the CSDB barrier against speculation.</summary>
    UseCsdb = 1 << 9,
}

/// <summary>Which CPU features compiled code may use, and its shape. Immutable.</summary>
/// <param name="Features">What is switched on.</param>
public readonly record struct Arm64Settings(Arm64Features Features)
{
    /// <summary>Those that name instructions which not every processor has.</summary>
    private const Arm64Features Extensions =
        Arm64Features.Lse | Arm64Features.Pauth | Arm64Features.Fp16 | Arm64Features.Dotprod | Arm64Features.I8mm;

    private const ulong Hwcap = 16, Hwcap2 = 26;                 // AT_HWCAP, AT_HWCAP2

    private static readonly (ulong Kind, int Bit, Arm64Features Feature)[] s_capabilities =
    [
        (Hwcap, 8, Arm64Features.Lse),                           // ATOMICS
        (Hwcap, 30, Arm64Features.Pauth),                        // PACA
        (Hwcap, 10, Arm64Features.Fp16),                         // ASIMDHP, which comes with FPHP
        (Hwcap, 20, Arm64Features.Dotprod),                      // ASIMDDP
        (Hwcap2, 13, Arm64Features.I8mm),
    ];

    private static readonly SettingDescriptor[] s_rows =
    [
        Bool("has_lse", false, "Single-instruction atomics."),
        Bool("has_pauth", false, "Non-hint forms of pointer authentication."),
        Bool("has_fp16", false, "Half-precision arithmetic."),
        Bool("has_dotprod", false, "8-bit dot products."),
        Bool("has_i8mm", false, "Mixed-sign 8-bit dot products."),
        Bool("sign_return_address", false, "Sign the return address of functions with a frame."),
        Bool("sign_return_address_all", false, "With sign_return_address: of frameless functions too."),
        Bool("sign_return_address_with_bkey", false, "With sign_return_address: use the B key."),
        Bool("use_bti", false, "Branch-target landing pads."),
        Bool("use_csdb", false, "CSDB barriers in Spectre-safe selects and br_table."),
    ];

    /// <summary>Takes the values of a builder of <see cref="Group"/>.</summary>
    /// <exception cref="ArgumentException">The builder is of another group.</exception>
    public Arm64Settings(SettingsBuilder builder)
        : this(FeaturesOf(builder))
    {
    }

    /// <summary>The table.</summary>
    public static SettingsGroup Group { get; } = new("aarch64", s_rows, []);

    /// <summary>The features of the CPU and operating system this process runs on, as far as they can be told; none on another architecture.</summary>
    public static Arm64Features HostFeatures { get; } = DetectHost();

    /// <summary>Whether the host has every CPU feature that these settings switch on. Hints and landing pads run anywhere.</summary>
    public bool RunOnHost => Missing == Arm64Features.None;

    /// <summary>FEAT_LSE.</summary>
    public bool HasLse => Has(Arm64Features.Lse);

    /// <summary>FEAT_PAuth.</summary>
    public bool HasPauth => Has(Arm64Features.Pauth);

    /// <summary>FEAT_FP16.</summary>
    public bool HasFp16 => Has(Arm64Features.Fp16);

    /// <summary>FEAT_DotProd.</summary>
    public bool HasDotprod => Has(Arm64Features.Dotprod);

    /// <summary>FEAT_I8MM.</summary>
    public bool HasI8mm => Has(Arm64Features.I8mm);

    /// <summary>Sign return addresses where there is a frame.</summary>
    public bool SignReturnAddress => Has(Arm64Features.SignReturnAddress);

    /// <summary>Sign all return addresses.</summary>
    public bool SignReturnAddressAll => Has(Arm64Features.SignReturnAddress | Arm64Features.SignReturnAddressAll);

    /// <summary>Sign with the B key.</summary>
    public bool SignReturnAddressWithBKey => Has(Arm64Features.SignReturnAddress | Arm64Features.SignReturnAddressWithBKey);

    /// <summary>Emit landing pads.</summary>
    public bool UseBti => Has(Arm64Features.UseBti);

    /// <summary>Use CSDB.</summary>
    public bool UseCsdb => Has(Arm64Features.UseCsdb);

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
    public string MissingOnHost() => Group.NamesOf((uint)Missing);

    private Arm64Features Missing => Features & Extensions & ~HostFeatures;

    private bool Has(Arm64Features all) => (Features & all) == all;

    private static Arm64Features FeaturesOf(SettingsBuilder builder)
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

        return (Arm64Features)features;
    }

    /// <summary>
    /// Programs may not read the identification registers everywhere. Linux says what it lets them use in the auxiliary vector (Documentation/arch/arm64/elf_hwcaps);
    /// elsewhere the framework knows of some.
    /// </summary>
    private static Arm64Features DetectHost()
    {
        if (!ArmBase.Arm64.IsSupported)
        {
            return Arm64Features.None;
        }

        Arm64Features found = Dp.IsSupported ? Arm64Features.Dotprod : Arm64Features.None;
        if (OperatingSystem.IsLinux())
        {
            foreach ((ulong kind, int bit, Arm64Features feature) in s_capabilities)
            {
                found |= (AuxiliaryValue(kind) >> bit & 1) != 0 ? feature : Arm64Features.None;
            }
        }

        return found;
    }

    private static ulong AuxiliaryValue(ulong kind)
    {
        ReadOnlySpan<ulong> pairs = [];
        try
        {
            pairs = MemoryMarshal.Cast<byte, ulong>(File.ReadAllBytes("/proc/self/auxv"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A sandbox without /proc: nothing is known, and nothing is used.
        }

        for (int i = 0; i + 1 < pairs.Length; i += 2)
        {
            if (pairs[i] == kind)
            {
                return pairs[i + 1];
            }
        }

        return 0;
    }
}
