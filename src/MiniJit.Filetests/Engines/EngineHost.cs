using MiniJit.Codegen;

namespace MiniJit.Filetests.Engines;

/// <summary>What the engines of one thread share. Lives as long as the thread; parts that only some engines need are made when the first one does.</summary>
internal sealed class EngineHost(CompileContext compiler)
{
    private NativeHost? _native;
    private MachineHost? _machine;

    /// <summary>Compiles what is executed.</summary>
    public CompileContext Compiler { get; } = compiler;

    /// <summary>Memory of this process for code.</summary>
    public NativeHost Native => _native ??= new(Compiler);

    /// <summary>The simulated AArch64 machine.</summary>
    public MachineHost Machine => _machine ??= new(Compiler);

    /// <summary>An engine that can execute code for the target's architecture here (<see cref="EngineTable.WhyNot"/>).</summary>
    public IEngine Create(EngineKind kind, Target target) => kind switch
    {
        EngineKind.Native => new NativeEngine(Native, Compiler, target),
        EngineKind.Machine => new MachineEngine(Machine, Compiler, target),
        _ => new QemuEngine(Compiler, target),
    };
}
