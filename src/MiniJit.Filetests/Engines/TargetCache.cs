using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Backend.X64;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Files;

namespace MiniJit.Filetests.Engines;

/// <summary>
/// Targets by what they consist of. Most files ask for the same few, and whatever a compiler keeps for a target stays warm. Used by one thread.
/// </summary>
internal sealed class TargetCache
{
    private readonly Dictionary<Key, Target> _targets = [];

    private readonly record struct Key(TargetTriple Triple, SharedSettings Shared, X64Settings X64, Arm64Settings Arm64);

    /// <summary>The back end's target; null if there is none for the architecture.</summary>
    /// <param name="spec">A target of a known architecture.</param>
    /// <param name="forHost">Whether the code will run here: then the host's operating system decides about conventions.</param>
    public Target? Find(TargetSpec spec, bool forHost)
    {
        if (spec.Isa is null)
        {
            return null;
        }

        TargetTriple triple = forHost && TargetTriple.Host.Architecture == spec.Triple.Architecture ? TargetTriple.Host : spec.Triple;
        switch (spec.Triple.Architecture)
        {
            case TargetArchitecture.X64:
                Key key = new(triple, spec.Shared, new X64Settings(spec.Isa), default);
                return _targets.TryGetValue(key, out Target? x64) ? x64 : Add(key, new X64Target(triple, key.Shared, key.X64));
            case TargetArchitecture.Arm64:
                key = new(triple, spec.Shared, default, new Arm64Settings(spec.Isa));
                return _targets.TryGetValue(key, out Target? arm64) ? arm64 : Add(key, new Arm64Target(triple, key.Shared, key.Arm64));
            default:
                return null;
        }
    }

    private Target Add(in Key key, Target target)
    {
        _targets.Add(key, target);
        return target;
    }
}
