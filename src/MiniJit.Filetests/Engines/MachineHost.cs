using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Coherence.Publication;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;

namespace MiniJit.Filetests.Engines;

/// <summary>What one thread needs to run compiled code on the simulated machine: the machine, and trampolines per target. Lives as long as the thread.</summary>
internal sealed class MachineHost(CompileContext compiler) : IDisposable
{
    private readonly Dictionary<(Target Target, Signature Signature), JitFunction> _trampolines = [];
    private readonly Function _scratch = new(default);
    private FunctionBuilder? _builder;
    private JitModule? _module;

    public MachineProcess Process { get; } = new();

    /// <summary>The trampoline of a signature; <see cref="TryPrepare"/> must have succeeded for it.</summary>
    public JitFunction TrampolineFor(Target target, Signature signature) => _trampolines[(target, signature)];

    /// <summary>Compiles and publishes the trampolines of signatures, as far as they are not there already.</summary>
    public bool TryPrepare(Target target, ReadOnlySpan<Signature> signatures, out string problem)
    {
        problem = "";
        _builder ??= new(_scratch);
        _module ??= new(Process.Heap, NoSymbols.Instance);
        int before = _trampolines.Count;
        foreach (Signature signature in signatures)
        {
            if (_trampolines.ContainsKey((target, signature)))
            {
                continue;
            }

            if (!TrampolineBuilder.CanPass(signature, out problem))
            {
                return false;
            }

            // A copy: the caller may go on changing its own.
            Signature own = new(signature.CallConv);
            own.CopyFrom(signature);
            _scratch.Clear();
            ExternalName name = ExternalName.Symbol($"trampoline{_trampolines.Count}{own}");
            TrampolineBuilder.Build(_scratch, _builder, name, own, CallConv.SystemV);
            if (compiler.Compile(_scratch, target) is not CompiledCode code)
            {
                problem = $"no trampoline for {own}: {NativeEngine.Describe(compiler.Diagnostics)}";
                return false;
            }

            _trampolines.Add((target, own), _module.Define(name, code));
        }

        if (_trampolines.Count > before && !_module.TryPublish(out IReadOnlyList<LinkError> errors))
        {
            problem = NativeEngine.Describe(errors);
        }

        return problem.Length == 0;
    }

    public void Dispose() => Process.Dispose();
}
