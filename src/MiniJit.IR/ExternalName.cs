using System;
using System.Globalization;

namespace MiniJit.IR;

/// <summary>What kind of thing an <see cref="ExternalName"/> names.</summary>
public enum ExternalNameKind : byte
{
    /// <summary>A textual name: <c>%foo</c>.</summary>
    Symbol,

    /// <summary>A numbered name: <c>u0:12</c>.</summary>
    User,

    /// <summary>A routine of the run-time library that the compiler knows: <c>%CeilF32</c>.</summary>
    LibCall,

    /// <summary>A symbol that the linker defines: <c>%ElfGlobalOffsetTable</c>.</summary>
    Known,
}

/// <summary>Run-time library routines (language reference, section 6); the enumerator is the name in CLIF.</summary>
public enum LibCall : byte
{
#pragma warning disable CS1591 // each is the C library routine of that name
    Probestack, CeilF32, CeilF64, FloorF32, FloorF64, TruncF32, TruncF64, NearestF32, NearestF64,
    FmaF32, FmaF64, Memcpy, Memset, Memmove, Memcmp, ElfTlsGetAddr, ElfTlsGetOffset, X86Pshufb,
#pragma warning restore CS1591
}

/// <summary>Symbols that a linker, not a module, defines.</summary>
public enum KnownSymbol : byte
{
    /// <summary><c>_GLOBAL_OFFSET_TABLE_</c> of ELF.</summary>
    ElfGlobalOffsetTable,

    /// <summary><c>_tls_index</c> of COFF.</summary>
    CoffTlsIndex,
}

/// <summary>The name of a function or data object outside of the function that mentions it.</summary>
public readonly record struct ExternalName
{
    private static readonly string[] s_linkerNames =
    [
        "__cranelift_probestack", "ceilf", "ceil", "floorf", "floor", "truncf", "trunc", "nearbyintf", "nearbyint",
        "fmaf", "fma", "memcpy", "memset", "memmove", "memcmp", "__tls_get_addr", "__tls_get_offset", "__cranelift_x86_pshufb",
    ];

    private readonly string? _text;
    private readonly uint _namespace, _index;

    private ExternalName(ExternalNameKind kind, string? text, uint ns, uint index)
    {
        Kind = kind;
        _text = text;
        _namespace = ns;
        _index = index;
    }

    /// <summary>Which of the factories below made it; <c>default</c> is the empty symbol <c>%</c>.</summary>
    public ExternalNameKind Kind { get; }

    /// <summary>A textual name, given without its percent sign.</summary>
    public static ExternalName Symbol(string text) => new(ExternalNameKind.Symbol, text, 0, 0);

    /// <summary>The numbered name <c>uNS:INDEX</c>.</summary>
    public static ExternalName User(uint ns, uint index) => new(ExternalNameKind.User, null, ns, index);

    /// <summary>A library routine.</summary>
    public static ExternalName Library(LibCall call) => new(ExternalNameKind.LibCall, null, 0, (uint)call);

    /// <summary>A symbol that the linker defines.</summary>
    public static ExternalName Linker(KnownSymbol symbol) => new(ExternalNameKind.Known, null, 0, (uint)symbol);

    /// <summary>The text of a <see cref="ExternalNameKind.Symbol"/> without its percent sign.</summary>
    public string Text => _text ?? "";

    /// <summary>First half of a <see cref="ExternalNameKind.User"/> name.</summary>
    public uint Namespace => _namespace;

    /// <summary>Second half of a <see cref="ExternalNameKind.User"/> name.</summary>
    public uint Index => _index;

    /// <summary>The routine of a <see cref="ExternalNameKind.LibCall"/>.</summary>
    public LibCall LibCall => (LibCall)_index;

    /// <summary>The symbol of a <see cref="ExternalNameKind.Known"/>.</summary>
    public KnownSymbol KnownSymbol => (KnownSymbol)_index;

    /// <summary>The name under which a linker looks the thing up.</summary>
    public string LinkerName => Kind switch
    {
        ExternalNameKind.Symbol => Text,
        ExternalNameKind.LibCall => s_linkerNames[_index],
        ExternalNameKind.Known => KnownSymbol == KnownSymbol.ElfGlobalOffsetTable ? "_GLOBAL_OFFSET_TABLE_" : "_tls_index",
        _ => ToString(),
    };

    /// <summary>The name as CLIF writes it.</summary>
    public override string ToString() => Kind switch
    {
        ExternalNameKind.Symbol => "%" + Text,
        ExternalNameKind.User => string.Create(CultureInfo.InvariantCulture, $"u{_namespace}:{_index}"),
        ExternalNameKind.LibCall => "%" + LibCall.ToString(),
        _ => "%" + KnownSymbol.ToString(),
    };
}
