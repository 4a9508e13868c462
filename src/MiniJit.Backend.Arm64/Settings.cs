// The aarch64 settings (settings reference, section 3). The baseline is Armv8-A with Advanced SIMD.
using System;
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
}
