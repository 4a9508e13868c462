using System;
using System.Collections.Generic;
using MiniJit.Filetests.Engines;

namespace MiniJit.Filetests.Running;

/// <summary>What to run and how. Immutable.</summary>
internal sealed record RunOptions
{
    /// <summary>Files, directories and globs.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Threads; 0 for one per processor.</summary>
    public int Jobs { get; init; }

    /// <summary>Only files whose path contains this text or matches this glob.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Only these subtests; empty for all.</summary>
    public IReadOnlyList<string> Subtests { get; init; } = [];

    /// <summary>Only these targets, each an architecture or a whole target line; empty for all.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>What executes compiled code.</summary>
    public EngineChoice Engines { get; init; }

    /// <summary>Stop at the first failure.</summary>
    public bool FailFast { get; init; }

    /// <summary>Which shard of the files to run, from 1.</summary>
    public int Shard { get; init; } = 1;

    /// <summary>Number of shards.</summary>
    public int ShardCount { get; init; } = 1;

    /// <summary>Order in which files are started; null for the order of the paths. Output does not depend on it.</summary>
    public ulong? Seed { get; init; }

    /// <summary>How long one test may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Rewrite expectations instead of comparing with them.</summary>
    public bool Bless { get; init; }

    /// <summary>Run in this process: no containment of crashes and no timeouts.</summary>
    public bool InProcess { get; init; }

    /// <summary>The number of threads to use.</summary>
    public int Threads => Jobs > 0 ? Jobs : Environment.ProcessorCount;
}
