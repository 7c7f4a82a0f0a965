// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RegistryHandler} from "./RegistryHandler.sol";

/// @notice No sequence of calls shrinks or forks a head.
/// @dev The runner calls the handler and the registry itself with arguments and senders of its choice, the logs' own
/// keys among them. After every call each head is compared with the one true history of its log.
contract RegistryInvariantTest {
    RegistryHandler private _handler;

    function setUp() external {
        _handler = new RegistryHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](2);
        targets[0] = address(_handler);
        targets[1] = address(_handler.registry());
    }

    function targetSenders() external view returns (address[] memory senders) {
        senders = new address[](4);
        senders[0] = _handler.keyOf(0);
        senders[1] = _handler.keyOf(1);
        senders[2] = address(_handler);
        senders[3] = address(0xBAD);
    }

    function invariant_noHeadShrinksOrForks() external view {
        assert(_handler.areHeadsTrue());
        assert(bytes(_handler.violation()).length == 0);
    }

    /// @dev The handler itself: each of its actions does what its name says, so that a run means something.
    function test_handlerReachesEverything() external {
        for (uint256 i = 0; i < 20; ++i) {
            _handler.grow(i, i);
            _handler.repeatHead(i);
            _handler.rollBack(i, i);
            _handler.fork(i, i, i);
            _handler.swapLogs(i);
            _handler.anchorAnything(i, uint64(i), bytes32(i), new bytes32[](i));
            _handler.rotate(i, i + 1);
            _handler.letTimePass(i);
        }
        _handler.freeze(0, 0);
        _handler.grow(0, 1);
        _handler.fork(0, 1, 1);
        assert(_handler.grown() == 20 && _handler.attacked() > 100 && _handler.rotated() == 15);
        assert(_handler.frozen() == 1);
        assert(_handler.areHeadsTrue() && bytes(_handler.violation()).length == 0);
    }
}
