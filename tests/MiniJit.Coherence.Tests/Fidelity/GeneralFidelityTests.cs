// Integer, memory, system and scalar floating-point forms against qemu.
using MiniJit.Backend.Arm64;
using Xunit;

namespace MiniJit.Coherence.Tests.Fidelity;

public sealed class GeneralFidelityTests
{
    public static TheoryData<string> Forms => Comparison.Forms(A64Form.Adr, A64Form.ShaddVec - 1);

    [Theory]
    [MemberData(nameof(Forms))]
    public void Machine_and_qemu_agree(string form) => Comparison.MachineAndQemuAgree(form);
}
