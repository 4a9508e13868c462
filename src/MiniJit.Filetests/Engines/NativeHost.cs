using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Memory;

namespace MiniJit.Filetests.Engines;

/// <summary>What one thread needs to run compiled code: memory, and trampolines per target. Lives as long as the thread.</summary>
internal sealed class NativeHost(CompileContext compiler)
{
    private readonly Dictionary<Target, HostCaller> _callers = [];

    /// <summary>Where code lives.</summary>
    public CodeHeap Heap { get; } = new();

    /// <summary>Calls functions that were compiled for a target.</summary>
    public HostCaller CallerFor(Target target)
    {
        if (!_callers.TryGetValue(target, out HostCaller? caller))
        {
            caller = new(Heap, Compile);
            _callers.Add(target, caller);
        }

        return caller;

        bool Compile(Function function, out CompiledCode code, out string problem)
        {
            CompiledCode? compiled = compiler.Compile(function, target);
            code = compiled!;
            problem = compiled is null ? NativeEngine.Describe(compiler.Diagnostics) : "";
            return compiled is not null;
        }
    }
}
