// A fault as a value: which address, which access, what was wrong.
using System;
using System.Globalization;

namespace MiniJit.Coherence.Memory;

/// <summary>What may be done with a page. Writable and executable do not come together unless <see cref="AddressSpace.PermitsWritableCode"/>.</summary>
[Flags]
internal enum PagePermissions : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    Execute = 4,
}

internal enum MemoryFaultKind : byte
{
    None,

    /// <summary>Nothing is mapped there.</summary>
    Unmapped,

    /// <summary>The page does not permit it.</summary>
    Permission,

    /// <summary>An access that must be aligned is not.</summary>
    Alignment,
}

/// <summary>Why an access did not happen.</summary>
/// <param name="Kind">What was wrong.</param>
/// <param name="Access">Read, write or execute.</param>
/// <param name="Address">The first byte that could not be accessed.</param>
internal readonly record struct MemoryFault(MemoryFaultKind Kind, PagePermissions Access, ulong Address)
{
    public override string ToString() =>
        Kind == MemoryFaultKind.None ? "no fault" : string.Create(CultureInfo.InvariantCulture, $"{Access} at 0x{Address:x}: {Kind}");
}
