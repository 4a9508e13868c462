using System.Collections.Generic;
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

    private readonly record struct Key(TargetTriple Triple, SharedSettings Shared, X64Settings Isa);

    /// <summary>The back end's target; null if there is none for the architecture.</summary>
    /// <param name="spec">A target of a known architecture.</param>
    /// <param name="forHost">Whether the code will run here: then the host's operating system decides about conventions.</param>
    public Target? Find(TargetSpec spec, bool forHost)
    {
        if (spec.Triple.Architecture != TargetArchitecture.X64 || spec.Isa is null)
        {
            return null;
        }

        Key key = new(forHost ? TargetTriple.Host : spec.Triple, spec.Shared, new X64Settings(spec.Isa));
        if (!_targets.TryGetValue(key, out Target? target))
        {
            target = new X64Target(key.Triple, key.Shared, key.Isa);
            _targets.Add(key, target);
        }

        return target;
    }
}
