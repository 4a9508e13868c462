// The settings that every target shares (settings reference, section 1): the table, and the immutable values that a Target holds.
// Reading one is a load at a constant offset.
using System;
using System.Runtime.CompilerServices;
using MiniJit.IR;
using static MiniJit.Codegen.Settings.SettingDescriptor;

namespace MiniJit.Codegen.Settings;

/// <summary>How hard to optimise.</summary>
public enum OptLevel : byte
{
    /// <summary>No middle end beyond removal of unreachable code, constant parameters and aliases.</summary>
    None,

    /// <summary>Everything that makes code faster.</summary>
    Speed,

    /// <summary>The same, preferring smaller code here and there.</summary>
    SpeedAndSize,
}

/// <summary>Which register allocator to use.</summary>
public enum RegallocAlgorithm : byte
{
    /// <summary>Live ranges with splitting and eviction.</summary>
    Backtracking,

    /// <summary>One pass, for compile speed.</summary>
    SinglePass,
}

/// <summary>How thread-local variables are addressed.</summary>
public enum TlsModel : byte
{
    /// <summary><c>tls_value</c> does not compile.</summary>
    None,

    /// <summary>ELF general dynamic.</summary>
    ElfGd,

    /// <summary>Mach-O thread descriptors.</summary>
    Macho,

    /// <summary>Windows TLS index.</summary>
    Coff,
}

/// <summary>Convention of library calls that the compiler makes itself.</summary>
public enum LibcallCallConv : byte
{
    /// <summary>The default of the target triple.</summary>
    IsaDefault,

    /// <summary><see cref="CallConv.Fast"/>.</summary>
    Fast,

    /// <summary><see cref="CallConv.SystemV"/>.</summary>
    SystemV,

    /// <summary><see cref="CallConv.WindowsFastcall"/>.</summary>
    WindowsFastcall,

    /// <summary><see cref="CallConv.AppleAarch64"/>.</summary>
    AppleAarch64,

    /// <summary><see cref="CallConv.Probestack"/>.</summary>
    Probestack,

    /// <summary><see cref="CallConv.PreserveAll"/>.</summary>
    PreserveAll,
}

/// <summary>How large stack frames are probed.</summary>
public enum ProbestackStrategy : byte
{
    /// <summary>Call the <c>Probestack</c> library routine.</summary>
    Outline,

    /// <summary>Touch each guard-sized step in line.</summary>
    Inline,
}

/// <summary>How <c>stack_switch</c> is compiled.</summary>
public enum StackSwitchModel : byte
{
    /// <summary>It does not compile.</summary>
    None,

    /// <summary>Stack pointer, frame pointer and resume address are exchanged.</summary>
    Basic,

    /// <summary>The Windows thread block is updated as well.</summary>
    UpdateWindowsTib,
}

/// <summary>Names a row of the shared table.</summary>
internal enum SharedSetting
{
    OptLevel,
    EnableAliasAnalysis,
    EnableVerifier,
    RegallocAlgorithm,
    RegallocChecker,
    RegallocVerboseLogs,
    EnableNanCanonicalization,
    EnableIncrementalCompilationCacheChecks,
    BbPaddingLog2MinusOne,
    MachineCodeCfgInfo,
    IsPic,
    UseColocatedLibcalls,
    TlsModel,
    Log2MinFunctionAlignment,
    LibcallCallConv,
    EnableLlvmAbiExtensions,
    EnableMultiRetImplicitSret,
    EnablePinnedReg,
    PreserveFramePointers,
    UnwindInfo,
    EnableCompactUnwindAbi,
    StackSwitchModel,
    EnableProbestack,
    ProbestackSizeLog2,
    ProbestackStrategy,
    EnableHeapAccessSpectreMitigation,
    EnableTableAccessSpectreMitigation,
    Count,
}

/// <summary>Values of the shared settings. Immutable, shared by threads; two of them are equal if all values are.</summary>
public sealed class SharedSettings : IEquatable<SharedSettings>
{
    // In the order of SharedSetting; a test compares the names.
    private static readonly SettingDescriptor[] s_rows =
    [
        Enum("opt_level", "none speed speed_and_size", "How hard to optimise."),
        Bool("enable_alias_analysis", true, "Remove redundant loads and dead stores; only with opt_level other than none."),
        Bool("enable_verifier", true, "Run the verifier at points inside the compile pipeline."),
        Enum("regalloc_algorithm", "backtracking single_pass", "Which register allocator to use."),
        Bool("regalloc_checker", false, "Replay every register allocation symbolically."),
        Bool("regalloc_verbose_logs", false, "Log what the register allocator does."),
        Bool("enable_nan_canonicalization", false, "Replace every NaN that arithmetic produces by the canonical quiet NaN."),
        Bool("enable_incremental_compilation_cache_checks", false, "Debugging aid of a compilation cache."),
        Num("bb_padding_log2_minus_one", 0, "n > 0: 2^(n-1) zero bytes after every machine block, to stress branch ranges."),
        Bool("machine_code_cfg_info", false, "Record the machine code's blocks and edges."),
        Bool("is_pic", false, "Position-independent code: symbol addresses come from a table of addresses."),
        Bool("use_colocated_libcalls", false, "Library routines are in reach of a direct call."),
        Enum("tls_model", "none elf_gd macho coff", "How thread-local variables are addressed."),
        Num("log2_min_function_alignment", 0, "Functions are aligned to at least 2^n bytes."),
        Enum("libcall_call_conv", "isa_default fast system_v windows_fastcall apple_aarch64 probestack preserve_all", "Convention of library calls that the compiler makes itself."),
        Bool("enable_llvm_abi_extensions", false, "Permit argument and result types outside the written ABI, in LLVM's manner."),
        Bool("enable_multi_ret_implicit_sret", false, "Results beyond the return registers go through a hidden return-area pointer."),
        Bool("enable_pinned_reg", false, "Reserve one callee-saved register for get_pinned_reg and set_pinned_reg."),
        Bool("preserve_frame_pointers", false, "Every function has a frame-pointer frame."),
        Bool("unwind_info", true, "Produce unwind information."),
        Bool("enable_compact_unwind_abi", false, "aarch64: save registers so that Apple's compact unwind format can describe it."),
        Enum("stack_switch_model", "none basic update_windows_tib", "How stack_switch is compiled."),
        Bool("enable_probestack", false, "Probe frames at least as large as the guard region."),
        Num("probestack_size_log2", 12, "Base-2 logarithm of the guard region's size."),
        Enum("probestack_strategy", "outline inline", "How frames are probed."),
        Bool("enable_heap_access_spectre_mitigation", true, "For producers of heap accesses; no effect on the compiler."),
        Bool("enable_table_access_spectre_mitigation", true, "Mask br_table indices under speculation."),
    ];

    private readonly Values _values;

    /// <summary>Takes the values of a builder of <see cref="Group"/>.</summary>
    /// <exception cref="ArgumentException">The builder is of another group.</exception>
    public SharedSettings(SettingsBuilder builder)
    {
        if (builder.Group != Group)
        {
            throw new ArgumentException($"settings of group '{builder.Group.Name}'", nameof(builder));
        }

        builder.Values.CopyTo(_values);
    }

    /// <summary>The table.</summary>
    public static SettingsGroup Group { get; } = new("shared", s_rows, []);

    /// <summary>All settings at their defaults.</summary>
    public static SharedSettings Default { get; } = new(new SettingsBuilder(Group));

    /// <summary>How hard to optimise.</summary>
    public OptLevel OptLevel => (OptLevel)Get(SharedSetting.OptLevel);

    /// <summary>Remove redundant loads and dead stores.</summary>
    public bool EnableAliasAnalysis => Has(SharedSetting.EnableAliasAnalysis);

    /// <summary>Run the verifier inside the compile pipeline.</summary>
    public bool EnableVerifier => Has(SharedSetting.EnableVerifier);

    /// <summary>Which register allocator to use.</summary>
    public RegallocAlgorithm RegallocAlgorithm => (RegallocAlgorithm)Get(SharedSetting.RegallocAlgorithm);

    /// <summary>Replay every register allocation symbolically.</summary>
    public bool RegallocChecker => Has(SharedSetting.RegallocChecker);

    /// <summary>Log what the register allocator does.</summary>
    public bool RegallocVerboseLogs => Has(SharedSetting.RegallocVerboseLogs);

    /// <summary>Replace NaN results by the canonical quiet NaN.</summary>
    public bool EnableNanCanonicalization => Has(SharedSetting.EnableNanCanonicalization);

    /// <summary>n > 0: 2^(n−1) zero bytes after every machine block.</summary>
    public int BbPaddingLog2MinusOne => Get(SharedSetting.BbPaddingLog2MinusOne);

    /// <summary>Record the machine code's blocks and edges.</summary>
    public bool MachineCodeCfgInfo => Has(SharedSetting.MachineCodeCfgInfo);

    /// <summary>Position-independent code.</summary>
    public bool IsPic => Has(SharedSetting.IsPic);

    /// <summary>Library routines are in reach of a direct call.</summary>
    public bool UseColocatedLibcalls => Has(SharedSetting.UseColocatedLibcalls);

    /// <summary>How thread-local variables are addressed.</summary>
    public TlsModel TlsModel => (TlsModel)Get(SharedSetting.TlsModel);

    /// <summary>Functions are aligned to at least 2^n bytes.</summary>
    public int Log2MinFunctionAlignment => Get(SharedSetting.Log2MinFunctionAlignment);

    /// <summary>Convention of implicit library calls.</summary>
    public LibcallCallConv LibcallCallConv => (LibcallCallConv)Get(SharedSetting.LibcallCallConv);

    /// <summary>Permit argument and result types outside the written ABI.</summary>
    public bool EnableLlvmAbiExtensions => Has(SharedSetting.EnableLlvmAbiExtensions);

    /// <summary>Results beyond the return registers go through a hidden pointer.</summary>
    public bool EnableMultiRetImplicitSret => Has(SharedSetting.EnableMultiRetImplicitSret);

    /// <summary>Reserve the pinned register.</summary>
    public bool EnablePinnedReg => Has(SharedSetting.EnablePinnedReg);

    /// <summary>Every function has a frame-pointer frame.</summary>
    public bool PreserveFramePointers => Has(SharedSetting.PreserveFramePointers);

    /// <summary>Produce unwind information.</summary>
    public bool UnwindInfo => Has(SharedSetting.UnwindInfo);

    /// <summary>Save registers for Apple's compact unwind format.</summary>
    public bool EnableCompactUnwindAbi => Has(SharedSetting.EnableCompactUnwindAbi);

    /// <summary>How <c>stack_switch</c> is compiled.</summary>
    public StackSwitchModel StackSwitchModel => (StackSwitchModel)Get(SharedSetting.StackSwitchModel);

    /// <summary>Probe large frames.</summary>
    public bool EnableProbestack => Has(SharedSetting.EnableProbestack);

    /// <summary>Base-2 logarithm of the guard region's size.</summary>
    public int ProbestackSizeLog2 => Get(SharedSetting.ProbestackSizeLog2);

    /// <summary>How frames are probed.</summary>
    public ProbestackStrategy ProbestackStrategy => (ProbestackStrategy)Get(SharedSetting.ProbestackStrategy);

    /// <summary>For producers of heap accesses.</summary>
    public bool EnableHeapAccessSpectreMitigation => Has(SharedSetting.EnableHeapAccessSpectreMitigation);

    /// <summary>Mask <c>br_table</c> indices under speculation.</summary>
    public bool EnableTableAccessSpectreMitigation => Has(SharedSetting.EnableTableAccessSpectreMitigation);

    /// <summary>A builder that starts with these values.</summary>
    public SettingsBuilder ToBuilder()
    {
        SettingsBuilder builder = new(Group);
        for (int i = 0; i < (int)SharedSetting.Count; i++)
        {
            builder.SetRaw(i, _values[i]);
        }

        return builder;
    }

    /// <inheritdoc/>
    public bool Equals(SharedSettings? other) => other is not null && ((ReadOnlySpan<byte>)_values).SequenceEqual(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SharedSettings);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(_values);
        return hash.ToHashCode();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte Get(SharedSetting setting) => _values[(int)setting];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Has(SharedSetting setting) => _values[(int)setting] != 0;

    [InlineArray((int)SharedSetting.Count)]
    private struct Values
    {
        private byte _first;
    }
}
