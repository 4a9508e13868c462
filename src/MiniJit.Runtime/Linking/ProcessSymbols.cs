// Names that the process already has: the C library, the mathematics library, what else is loaded, and the routines the
// compiler may call that no library offers.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;

namespace MiniJit.Runtime.Linking;

/// <summary>The symbols of this process, as the system's dynamic linker finds them; library routines included. Thread-safe.</summary>
public sealed class ProcessSymbols : ISymbolSource
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ExternalName, nint> _known = [];
    private nint[]? _libraries;

    private ProcessSymbols()
    {
    }

    /// <summary>The only instance.</summary>
    public static ProcessSymbols Instance { get; } = new();

    /// <inheritdoc/>
    public bool TryResolve(ExternalName name, out nint address)
    {
        lock (_lock)
        {
            if (!_known.TryGetValue(name, out address))
            {
                address = Resolve(name);
                _known.Add(name, address);
            }
        }

        return address != 0;
    }

    private nint Resolve(ExternalName name)
    {
        if (name.Kind == ExternalNameKind.LibCall && SupportRoutines.TryFind(name.LibCall, out nint routine))
        {
            return routine;
        }

        if (name.Kind is not (ExternalNameKind.Symbol or ExternalNameKind.LibCall) || name.LinkerName.Length == 0)
        {
            return 0;
        }

        foreach (nint library in _libraries ??= Open())
        {
            if (NativeLibrary.TryGetExport(library, name.LinkerName, out nint address))
            {
                HostImages.NoteImport(address);
                return address;
            }
        }

        return 0;
    }

    private static nint[] Open()
    {
        string[] names = OperatingSystem.IsLinux() ? ["libm.so.6", "libc.so.6"]
            : OperatingSystem.IsWindows() ? ["ucrtbase", "msvcrt", "kernel32"]
            : ["libSystem.dylib"];
        List<nint> libraries = [];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                libraries.Add(library);
            }
        }

        libraries.Add(NativeLibrary.GetMainProgramHandle());
        return [.. libraries];
    }
}
