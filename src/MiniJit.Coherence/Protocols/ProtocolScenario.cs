namespace MiniJit.Coherence.Protocols;

/// <summary>What was in the memory before, and how a caller comes to the new code.</summary>
internal enum ProtocolScenario : byte
{
    /// <summary>A fresh page of zeros that was never executable; callers come out of the kernel: a thread that was woken, or moved to another core.</summary>
    NewCode,

    /// <summary>Memory that held other code, which any instruction cache may still hold; callers as above.</summary>
    ReusedMemory,

    /// <summary>A function that threads are executing is changed, in place or by swapping a pointer to it; callers are running already.</summary>
    PatchedCode,

    /// <summary>Memory that held other code, and a caller that is running already: it polls the entry, and nothing takes it through the kernel.</summary>
    OtherThread,
}

/// <summary>Which instruction caches a machine has.</summary>
/// <param name="Name">For tables.</param>
/// <param name="DataCoherent">CTR_EL0.IDC.</param>
/// <param name="InstructionCoherent">CTR_EL0.DIC.</param>
internal readonly record struct ProtocolMachine(string Name, bool DataCoherent, bool InstructionCoherent)
{
    private static readonly ProtocolMachine[] s_all = [new("none", false, false), new("idc", true, false), new("dic", false, true), new("both", true, true)];

    public static System.ReadOnlySpan<ProtocolMachine> All => s_all;
}
